// int8 whose inputs are rounded to 8 bits: by how much a product errs on any backend, and what it is where there is a kernel.
import { type Backend, valueAndGrads } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { int8 } from './integers.ts';

const wave = (length: number, by: number): Float32Array =>
  Float32Array.from({ length }, (_, k) => Math.sin(by * k * k) * (1 + (k % 7)));

/** As the inputs are rounded. */
function roundedRows(x: Float32Array, inDim: number): Float32Array {
  return x.map((v, k) => {
    const row = x.subarray(inDim * Math.floor(k / inDim), inDim * (1 + Math.floor(k / inDim)));
    const scale = row.reduce((most, u) => Math.max(most, Math.abs(u)), 0) / 127;
    return scale === 0 ? 0 : Math.round(v / scale) * scale;
  });
}

/** x W' in double precision. */
const product = (x: Float32Array, w: Float32Array, inDim: number): number[] =>
  Array.from({ length: x.length / inDim }, (_, r) =>
    Array.from({ length: w.length / inDim }, (__, o) =>
      Array.from({ length: inDim }, (___, k) => (x[r * inDim + k] as number) * (w[o * inDim + k] as number)).reduce(
        (a, b) => a + b,
      ),
    ),
  ).flat();

function describeRounded(backend: Backend, rounds: boolean): void {
  describeOn(backend, 'int8 with inputs of 8 bits', () => {
    leakGuard();
    it.each([
      [1, 70, undefined],
      [2, 64, 32],
      [3, 130, undefined],
      [4, 35, 32],
      [5, 70, undefined],
    ])('%i rows of %i numbers, groups of %s', (rows, inDim, group) => {
      const outDim = 9;
      const weight = int8({ inputs: 8, ...(group && { group }) })(wave(outDim * inDim, 0.3), outDim, inDim);
      const x = wave(rows * inDim, 0.7);
      x.fill(0, 0, rows > 1 ? inDim : 0);
      tidy(() => {
        const dense = weight.read();
        const w = dense.dataSync().slice() as Float32Array;
        const input = tensor(x.slice(), [rows, inDim]);
        const dy = tensor(wave(rows * outDim, 0.9), [rows, outDim]);
        const { value, grads } = valueAndGrads(() => weight.matMul(input), [input], dy);
        const found = value.dataSync();
        const exact = product(x, w, inDim);
        for (const [k, y] of exact.entries()) {
          const size = x.subarray(inDim * Math.floor(k / outDim), inDim * (1 + Math.floor(k / outDim)));
          const largest = size.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
          const row = w.subarray((k % outDim) * inDim, (1 + (k % outDim)) * inDim);
          const bound = (largest / 254) * row.reduce((sum, v) => sum + Math.abs(v), 0);
          expect(Math.abs((found[k] as number) - y)).toBeLessThanOrEqual(bound * 1.001);
        }
        const wanted = rounds && rows < 5 ? product(roundedRows(x, inDim), w, inDim) : exact;
        expect(relativeError(found, wanted)).toBeLessThanOrEqual(TOLERANCES.kernel);
        const turned = Float32Array.from(
          { length: w.length },
          (_, k) => w[(k % outDim) * inDim + Math.floor(k / outDim)] as number,
        );
        const gradient = product(dy.dataSync() as Float32Array, turned, outDim);
        expect(relativeError((grads[0] as Tensor).dataSync(), gradient)).toBeLessThanOrEqual(TOLERANCES.kernelGradient);
        const none = weight.matMul(
          tensor(
            x.map((v, k) => (k === x.length - 1 ? Number.NaN : v)),
            [rows, inDim],
          ),
        );
        expect([...none.dataSync().slice(-outDim)].every(Number.isNaN)).toBe(true);
      });
      weight.dispose();
    });
  });
}

describeRounded(cpu(), false);
describeRounded(wasm({ threads: 1 }), true);
describeRounded(node({ device: 'cpu' }), false);
