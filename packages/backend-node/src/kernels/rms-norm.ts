// RMSNorm in native ops: the norm of a row is one op, and the backward pass forms no normalized copy of x.
import { type Form, type Kernel, kernel, type RmsNormAttrs, type RmsNormInputs, rmsNorm } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { fitsJavaScript, tensorOf, valuesOf } from '../in-javascript.ts';
import { float, raw, run } from '../native.ts';
import { add, meanLast, mul, normLast, reshape, rsqrt, scale, square, sub, sumOver } from '../native-math.ts';

const SMALL = 16384;

function smallNorm(x: Tensor, gamma: Tensor, eps: number): { out: Tensor; inverse: Tensor } {
  const [xs, gs] = [valuesOf(x), valuesOf(gamma)];
  const d = gs.length;
  const rows = xs.length / d;
  const out = new Float32Array(xs.length);
  const inverse = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let squares = 0;
    for (let i = row * d; i < (row + 1) * d; i++) squares += (xs[i] as number) * (xs[i] as number);
    const r = 1 / Math.sqrt(squares / d + eps);
    inverse[row] = r;
    for (let j = 0, i = row * d; j < d; j++, i++) out[i] = (xs[i] as number) * r * (gs[j] as number);
  }
  return { out: tensorOf(out, x.shape), inverse: tensorOf(inverse, [...x.shape.slice(0, -1), 1]) };
}

const form: Form<RmsNormInputs, RmsNormAttrs> = {
  forward({ x, gamma }, { eps }) {
    if (fitsJavaScript(x.size, SMALL)) {
      const { out, inverse } = smallNorm(x, gamma, eps);
      return { out, saved: [x, gamma, inverse] };
    }
    const d = x.shape.at(-1) as number;
    const [out, inverse] = run(() => {
      const input = raw(x);
      const r = rsqrt(add(scale(square(normLast(input)), 1 / d), float(eps)));
      return [mul(mul(input, r), raw(gamma)), r];
    });
    return { out, saved: [x, gamma, inverse] };
  },
  grad(dy, saved) {
    const [x, gamma, inverse] = saved as [Tensor, Tensor, Tensor];
    const d = x.shape.at(-1) as number;
    return {
      x: () =>
        run(() => {
          const r = raw(inverse);
          const input = raw(x);
          const dz = mul(raw(dy), raw(gamma));
          const along = mul(meanLast(mul(dz, input)), square(r));
          return [mul(sub(dz, mul(input, along)), r)];
        })[0],
      gamma: () => run(() => [sumOver(reshape(mul(raw(dy), mul(raw(x), raw(inverse))), [-1, d]), [0])])[0],
    };
  },
};

export const rmsNormKernel: Kernel = kernel(rmsNorm, form);
