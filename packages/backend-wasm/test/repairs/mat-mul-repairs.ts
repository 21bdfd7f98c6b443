// Products of matrices: each fault shown on the shipped kernel, and repaired.
import { add, fused, matMul, ones, relu, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { runShipped } from '../shipped-kernels.ts';
import { difference } from './difference.ts';
import { gaussians } from './gaussians.ts';
import { overwrite } from './heap.ts';

export function describeMatMulRepairs(): void {
  const gaussian = gaussians(1);

  it('matMul reads a weight that was changed in place; shipped, it computes with the old one', () => {
    tidy(() => {
      const [x, w] = [ones([5, 8]), ones([8, 8])];
      const attrs = { transposeA: false, transposeB: false };
      const product = () => (runShipped('BatchMatMul', { a: x, b: w }, attrs)[0] as Tensor).dataSync()[0];
      expect(product()).toBe(8);
      overwrite(w, 2);
      expect(product(), 'shipped').toBe(8);
      expect(matMul(x, w).dataSync()[0]).toBe(16);
      overwrite(w, 3);
      expect(matMul(x, w).dataSync()[0]).toBe(24);
    });
  });

  it('fused matMul adds its bias rightly in batches and transposed; shipped, it does not', () => {
    tidy(() => {
      for (const [batch, transposeA, transposeB, k] of [
        [2, false, false, 16],
        [1, true, false, 16],
        [1, false, true, 16],
      ] as const) {
        const a = gaussian(batch, ...(transposeA ? [k, 6] : [6, k]));
        const b = gaussian(batch, ...(transposeB ? [10, k] : [k, 10]));
        const bias = gaussian(10);
        const want = relu(add(matMul(a, b, transposeA, transposeB), bias));
        const attrs = { transposeA, transposeB, activation: 'relu', leakyreluAlpha: 0.2 };
        const [was] = runShipped('_FusedMatMul', { a, b, bias }, attrs);
        expect(difference(was as Tensor, want), 'shipped').toBeGreaterThan(0.1);
        const is = fused.matMul({ a: a as never, b: b as never, transposeA, transposeB, bias, activation: 'relu' });
        expect(difference(is, want)).toBeLessThan(1e-5);
      }
    });
  });
}
