// Convolutions: padding in numbers, and the gradient of the filter.
import { valueAndGrads } from '@peftjs/backend';
import { conv2d, fused, mul, pad, sum, type Tensor, type Tensor4D, tensor, tidy } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { shippedKernel } from '../shipped-kernels.ts';
import { difference } from './difference.ts';
import { gaussians } from './gaussians.ts';

export function describeConvolutionRepairs(): void {
  const gaussian = gaussians(1);

  it('convolutions take padding in numbers; shipped, they write beyond their output if the filter is no square', () => {
    tidy(() => {
      const [x, w] = [gaussian(2, 7, 6, 3), gaussian(3, 2, 3, 4)] as [Tensor4D, Tensor4D];
      const wide = pad(x, [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ]) as Tensor4D;
      for (const stride of [1, 2]) {
        const want = conv2d(wide, w, stride, 'valid');
        expect(difference(conv2d(x, w, stride, 1), want)).toBe(0);
        expect(difference(fused.conv2d({ x, filter: w, strides: stride, pad: 1 }), want)).toBe(0);
      }
    });
  });

  it('convolutions have a gradient for their filter', () => {
    expect(shippedKernel('Conv2DBackpropFilter')).toBeUndefined();
    tidy(() => {
      for (const [strides, padding] of [
        [1, 'same'],
        [2, 'same'],
        [2, 'valid'],
        [1, 1],
        [2, 2],
      ] as const) {
        const [x, w] = [gaussian(2, 7, 6, 3), gaussian(3, 2, 3, 4)];
        const apply = (f: Tensor) => conv2d(x as Tensor4D, f as Tensor4D, strides, padding);
        const dy = gaussian(...apply(w).shape);
        const { grads } = valueAndGrads(() => apply(w), [w], dy);
        // Convolution is linear in its filter: the gradient for one weight is dy times the response to that weight alone.
        const got = (grads[0] as Tensor).dataSync();
        for (let i = 0; i < w.size; i += 5) {
          const alone = new Float32Array(w.size);
          alone[i] = 1;
          const want = sum(mul(apply(tensor(alone, w.shape)), dy)).dataSync()[0] as number;
          expect(got[i]).toBeCloseTo(want, 3);
        }
      }
    });
  });
}
