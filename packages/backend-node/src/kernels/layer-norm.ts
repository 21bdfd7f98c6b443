// LayerNorm in native ops: the norm of a centered row is one op, and what is kept for the backward pass is three numbers
// a row.
import { type Form, type Kernel, kernel, type LayerNormAttrs, type LayerNormInputs, layerNorm } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { float, type Raw, raw, run } from '../native.ts';
import { add, meanLast, mul, normLast, reshape, rsqrt, scale, square, sub, sumOver } from '../native-math.ts';

/** (x - first - second) inverse */
function normalized(x: Tensor, [first, second, inverse]: readonly Tensor[]): Raw {
  const centered = sub(sub(raw(x), raw(first as Tensor)), raw(second as Tensor));
  return mul(centered, raw(inverse as Tensor));
}

const form: Form<LayerNormInputs, LayerNormAttrs> = {
  forward({ x, gamma, beta }, { eps }) {
    const d = x.shape.at(-1) as number;
    const [out, ...stats] = run(() => {
      const first = meanLast(raw(x));
      const rest = sub(raw(x), first);
      const second = meanLast(rest);
      const centered = sub(rest, second);
      const inverse = rsqrt(add(scale(square(normLast(centered)), 1 / d), float(eps)));
      return [add(mul(mul(centered, inverse), raw(gamma)), raw(beta)), first, second, inverse];
    });
    return { out, saved: [x, gamma, ...stats] };
  },
  grad(dy, saved) {
    const [x, gamma, ...stats] = saved as [Tensor, Tensor, ...Tensor[]];
    const d = x.shape.at(-1) as number;
    return {
      x: () =>
        run(() => {
          const z = normalized(x, stats);
          const dz = mul(raw(dy), raw(gamma));
          const along = mul(z, meanLast(mul(dz, z)));
          return [mul(sub(sub(dz, meanLast(dz)), along), raw(stats[2] as Tensor))];
        })[0],
      gamma: () => run(() => [sumOver(reshape(mul(raw(dy), normalized(x, stats)), [-1, d]), [0])])[0],
      beta: () => run(() => [sumOver(reshape(raw(dy), [-1, d]), [0])])[0],
    };
  },
};

export const layerNormKernel: Kernel = kernel(layerNorm, form);
