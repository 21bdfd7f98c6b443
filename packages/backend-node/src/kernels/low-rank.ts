// The low-rank terms in native ops, where small products cost less than tfjs's dispatch of them.
import { type Form, type Kernel, kernel, type LowRankAttrs, type LowRankInputs, lowRank } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Raw, raw, run } from '../native.ts';
import { add, matMul, reshape, scale } from '../native-math.ts';

/** As a matrix of its last dimension. */
function rows(x: Tensor): Raw {
  return x.rank === 2 ? raw(x) : reshape(raw(x), [-1, x.shape.at(-1) as number]);
}

const form: Form<LowRankInputs, LowRankAttrs> = {
  forward(inputs, { scales }) {
    const { y, x } = inputs;
    const factors = scales.flatMap((_, k) => [inputs[`a${k}`] as Tensor, inputs[`b${k}`] as Tensor]);
    const [out, ...down] = run(() => {
      const input = rows(x);
      const hidden: Raw[] = [];
      let sum = rows(y);
      for (const [k, s] of scales.entries()) {
        const h = scale(matMul(input, raw(factors[2 * k] as Tensor), false, true), s);
        hidden.push(h);
        sum = add(sum, matMul(h, raw(factors[2 * k + 1] as Tensor), false, true));
      }
      return [reshape(sum, y.shape), ...hidden];
    });
    return { out: out as Tensor, saved: [x, ...factors, ...down] };
  },
  grad(dy, saved, { scales }) {
    const [x] = saved as [Tensor];
    const a = (k: number) => raw(saved[1 + 2 * k] as Tensor);
    const b = (k: number) => raw(saved[2 + 2 * k] as Tensor);
    const h = (k: number) => raw(saved[1 + 2 * scales.length + k] as Tensor);
    const up: Tensor[] = [];
    const dh = (k: number) => {
      up[k] ??= run(() => [scale(matMul(rows(dy), b(k)), scales[k] as number)])[0];
      return raw(up[k]);
    };
    const closures: Record<string, () => Tensor> = {
      y: () => dy,
      x: () => run(() => [reshape(scales.map((_, k) => matMul(dh(k), a(k))).reduce(add), x.shape)])[0],
    };
    for (const k of scales.keys()) {
      closures[`a${k}`] = () => run(() => [matMul(dh(k), rows(x), true)])[0];
      closures[`b${k}`] = () => run(() => [matMul(rows(dy), h(k), true)])[0];
    }
    return closures;
  },
};

export const lowRankKernel: Kernel = kernel(lowRank, form);
