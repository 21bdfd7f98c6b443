// A weight of codes whose scales are trained: W = f · V with V [o, i] what the codes say now, and a factor for each group of a row.
import { engine, lookup, rowsOf, untaped } from '@peftjs/backend';
import type { Weight } from '@peftjs/core';
import type { ScaledWeight } from '@peftjs/quantization';
import { matMul, mul, ones, reshape, slice, type Tensor, type Variable, variable } from '@tensorflow/tfjs-core';

export interface ScalesInTraining {
  /** What it takes the place of in the model. */
  readonly held: ScaledWeight;
  readonly weight: Weight;
  /** What scales are multiplied by, [o, ceil(i / group)], 1 at the start: so one learning rate fits scales of all sizes. */
  readonly factors: Variable;
}

export function scalesInTraining(held: ScaledWeight): ScalesInTraining {
  const { outDim, inDim, group, bytes } = held;
  const groups = Math.ceil(inDim / group);
  const factors = engine().tidy(() => variable(ones([outDim, groups]), true));
  /** [o, i] */
  const spread = () => {
    const each = mul(reshape(factors, [outDim, groups, 1]), ones([1, 1, group]));
    return slice(reshape(each, [outDim, groups * group]), 0, [outDim, inDim]);
  };
  const read = () =>
    mul(
      untaped(() => held.read()),
      spread(),
    );
  const weight: Weight = {
    inDim,
    outDim,
    bytes: bytes + 4 * factors.size,
    matMul: (x) => reshape(matMul(rowsOf(x), read(), false, true), [...x.shape.slice(0, -1), outDim]),
    rows: (ids: Tensor) => lookup(read(), ids),
    read,
    encode: () => {
      throw new Error('[peftjs/quantization-distill] a weight in training cannot be replaced; wait for its scales');
    },
    dispose: () => factors.dispose(),
  };
  return { held, weight, factors };
}
