// The low-rank terms in native ops, or in loops where numbers are few.
import { type Form, type Kernel, kernel, type LowRankAttrs, type LowRankInputs, lowRank } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { dot, fitsJavaScript, tensorOf, valuesHere, valuesOf } from '../in-javascript.ts';
import { type Raw, raw, run } from '../native.ts';
import { add, matMul, reshape, rowsOf, scale } from '../native-math.ts';

const SMALL = 16384;
/** Multiplications up to which loops are faster. */
const SMALL_WORK = 32768;

/** The result, then x A' of each term; null where the layer's numbers are many, or not in JavaScript. */
function smallTerms({ y, x }: LowRankInputs, factors: readonly Tensor[], scales: readonly number[]): Tensor[] | null {
  const [ys, xs] = [valuesHere(y, SMALL), valuesHere(x, SMALL)];
  const [outDim, inDim] = [y.shape.at(-1) as number, x.shape.at(-1) as number];
  const n = x.size / inDim;
  const work = n * factors.reduce((sum, factor) => sum + factor.size, 0);
  if (ys === null || xs === null || !fitsJavaScript(work, SMALL_WORK)) return null;
  const out = ys.slice();
  const hidden: Tensor[] = [];
  for (const [k, scaling] of scales.entries()) {
    const [a, b] = [factors[2 * k] as Tensor, factors[2 * k + 1] as Tensor];
    const r = a.shape[0] as number;
    const [as, bs] = [valuesOf(a), valuesOf(b)];
    const h = new Float32Array(n * r);
    for (let i = 0; i < h.length; i++) h[i] = scaling * dot(xs, Math.floor(i / r) * inDim, as, (i % r) * inDim, inDim);
    for (let row = 0, i = 0; row < n; row++) {
      for (let j = 0; j < outDim; j++, i++) out[i] = (out[i] as number) + dot(h, row * r, bs, j * r, r);
    }
    hidden.push(tensorOf(h, [n, r]));
  }
  return [tensorOf(out, y.shape), ...hidden];
}

const form: Form<LowRankInputs, LowRankAttrs> = {
  forward(inputs, { scales }) {
    const { y, x } = inputs;
    const factors = scales.flatMap((_, k) => [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor]);
    const native = () => {
      const input = rowsOf(x);
      const hidden: Raw[] = [];
      let sum = rowsOf(y);
      for (const [k, s] of scales.entries()) {
        const h = scale(matMul(input, raw(factors[2 * k] as Tensor), false, true), s);
        hidden.push(h);
        sum = add(sum, matMul(h, raw(factors[2 * k + 1] as Tensor), false, true));
      }
      return [reshape(sum, y.shape), ...hidden];
    };
    const [out, ...down] = smallTerms(inputs, factors, scales) ?? run(native);
    return { out: out as Tensor, saved: [x, ...factors, ...down] };
  },
  grad(dy, saved, { scales }) {
    const [x] = saved as [Tensor];
    const a = (k: number) => raw(saved[1 + 2 * k] as Tensor);
    const b = (k: number) => raw(saved[2 + 2 * k] as Tensor);
    const h = (k: number) => raw(saved[1 + 2 * scales.length + k] as Tensor);
    const up: Tensor[] = [];
    const dh = (k: number) => {
      up[k] ??= run(() => [scale(matMul(rowsOf(dy), b(k)), scales[k] as number)])[0];
      return raw(up[k]);
    };
    const closures: Record<string, () => Tensor> = {
      y: () => dy,
      x: () => run(() => [reshape(scales.map((_, k) => matMul(dh(k), a(k))).reduce(add), x.shape)])[0],
    };
    for (const k of scales.keys()) {
      closures[`a${k}`] = () => run(() => [matMul(dh(k), rowsOf(x), true)])[0];
      closures[`b${k}`] = () => run(() => [matMul(rowsOf(dy), h(k), true)])[0];
    }
    return closures;
  },
};

export const lowRankKernel: Kernel = kernel(lowRank, form);
