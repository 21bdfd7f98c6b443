// LayerNorm in native ops: the norm of a centered row is one op, and what is kept for the backward pass is three numbers
// a row.
import { type Form, type Kernel, kernel, type LayerNormAttrs, type LayerNormInputs, layerNorm } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { fitsJavaScript, tensorOf, valuesOf } from '../in-javascript.ts';
import { float, type Raw, raw, run } from '../native.ts';
import { add, meanLast, mul, normLast, reshape, rsqrt, scale, square, sub, sumOver } from '../native-math.ts';

/** (x - first - second) inverse */
function normalized(x: Tensor, [first, second, inverse]: readonly Tensor[]): Raw {
  const centered = sub(sub(raw(x), raw(first as Tensor)), raw(second as Tensor));
  return mul(centered, raw(inverse as Tensor));
}

const SMALL = 8192;

/** The result and what `normalized` reads: the mean in two parts, of which the second is what float32 cuts off. */
function smallNorm({ x, gamma, beta }: LayerNormInputs, eps: number): readonly Tensor[] {
  const [xs, gs, bs] = [x, gamma, beta].map(valuesOf) as [Float32Array, Float32Array, Float32Array];
  const d = gs.length;
  const rows = xs.length / d;
  const out = new Float32Array(xs.length);
  const stats = [0, 0, 0].map(() => new Float32Array(rows)) as [Float32Array, Float32Array, Float32Array];
  for (let row = 0; row < rows; row++) {
    const start = row * d;
    let sum = 0;
    for (let j = 0; j < d; j++) sum += xs[start + j] as number;
    const mean = sum / d;
    let squares = 0;
    for (let j = 0; j < d; j++) squares += ((xs[start + j] as number) - mean) ** 2;
    const inverse = 1 / Math.sqrt(squares / d + eps);
    for (let j = 0; j < d; j++) {
      out[start + j] = ((xs[start + j] as number) - mean) * inverse * (gs[j] as number) + (bs[j] as number);
    }
    stats[0][row] = mean;
    stats[1][row] = mean - (stats[0][row] as number);
    stats[2][row] = inverse;
  }
  const shape = [...x.shape.slice(0, -1), 1];
  return [tensorOf(out, x.shape), ...stats.map((values) => tensorOf(values, shape))];
}

const form: Form<LayerNormInputs, LayerNormAttrs> = {
  forward({ x, gamma, beta }, { eps }) {
    if (fitsJavaScript(x.size, SMALL)) {
      const [out, ...stats] = smallNorm({ x, gamma, beta }, eps) as [Tensor, ...Tensor[]];
      return { out, saved: [x, gamma, ...stats] };
    }
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
