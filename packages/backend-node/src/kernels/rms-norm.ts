// RMSNorm in native ops: the norm of a row is one op, and the backward pass forms no normalized copy of x.
import { type Form, type Kernel, kernel, type RmsNormAttrs, type RmsNormInputs, rmsNorm } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { float, raw, run } from '../native.ts';
import { add, meanLast, mul, normLast, reshape, rsqrt, scale, square, sub, sumOver } from '../native-math.ts';

const form: Form<RmsNormInputs, RmsNormAttrs> = {
  forward({ x, gamma }, { eps }) {
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
