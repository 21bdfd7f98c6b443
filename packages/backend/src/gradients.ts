// tfjs's gradients, registered once and on demand, with those that are wrong repaired.
import {
  add,
  cumsum,
  type GradConfig,
  getGradient,
  matMul,
  type NamedAttrMap,
  registerGradient,
  reshape,
  slice,
  split,
  sum,
  Tensor,
  unregisterGradient,
} from '@tensorflow/tfjs-core';
import { dilatedGradients } from './dilated-gradients.ts';
import { einsumGradient } from './einsum-gradient.ts';
import { poolGradients } from './pool-gradients.ts';
import { gradients } from './tfjs-gradients.gen.ts';

/** tfjs passes the axis on as it came; on wasm a negative one reads and writes out of bounds. */
const cumsumGradient: GradConfig = {
  kernelName: 'Cumsum',
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs: NamedAttrMap) => {
    const [x] = saved as [Tensor];
    const { axis, exclusive, reverse } = attrs as { axis: number; exclusive: boolean; reverse: boolean };
    const positive = axis < 0 ? axis + x.rank : axis;
    return { x: () => cumsum(dy as Tensor, positive, exclusive, !reverse) };
  },
};

/** tfjs leaves the gradient of a broadcast operand in the shape of the product's batch, and throws. */
const matMulGradient: GradConfig = {
  kernelName: 'BatchMatMul',
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, saved, attrs: NamedAttrMap) => {
    const [a, b] = saved as [Tensor, Tensor];
    const { transposeA: ta, transposeB: tb } = attrs as { transposeA: boolean; transposeB: boolean };
    const d = dy as Tensor;
    return {
      a: () => sumTo(ta ? matMul(b, d, tb, true) : matMul(d, b, false, !tb), a.shape),
      b: () =>
        b.rank === 2 && a.rank > 2 && !ta
          ? sharedRight(a, d, tb)
          : sumTo(tb ? matMul(d, a, true, ta) : matMul(a, d, !ta, false), b.shape),
    };
  },
};

/** tfjs leaves the gradients of these in the shape of the result where an operand was broadcast. */
const unreduced = ['Maximum', 'Minimum', 'SquaredDifference'];

function reduced(config: GradConfig): GradConfig {
  return {
    ...config,
    gradFunc: (dy, saved, attrs) => {
      const [a, b] = saved as [Tensor, Tensor];
      const closures = config.gradFunc(dy, saved, attrs);
      const to = (x: Tensor, closure: (() => Tensor) | undefined) => () => sumTo((closure as () => Tensor)(), x.shape);
      return { a: to(a, closures.a), b: to(b, closures.b) };
    },
  };
}

/** d W of `[..., t, i] x [i, o]`: one product over all rows instead of one a batch entry and a sum. */
function sharedRight(a: Tensor, d: Tensor, transposed: boolean): Tensor {
  const rows = reshape(a, [-1, a.shape.at(-1) as number]);
  const drows = reshape(d, [-1, d.shape.at(-1) as number]);
  return transposed ? matMul(drows, rows, true) : matMul(rows, drows, true);
}

function sumTo(d: Tensor, shape: number[]): Tensor {
  if (d.shape.length === shape.length && d.shape.every((n, k) => n === shape[k])) return d;
  const lead = d.rank - shape.length;
  const axes = d.shape.map((_, k) => k).filter((k) => k < lead || (shape[k - lead] === 1 && d.shape[k] !== 1));
  return reshape(sum(d, axes, true), shape);
}

/** The chained methods that tfjs's own gradients call on tensors. */
const chained = {
  reshape(this: Tensor, shape: number[]) {
    return reshape(this, shape);
  },
  slice(this: Tensor, begin: number | number[], size?: number | number[]) {
    return slice(this, begin as number[], size as number[]);
  },
  split(this: Tensor, parts: number | number[], axis?: number) {
    return split(this, parts, axis);
  },
  add(this: Tensor, other: Tensor) {
    return add(this, other);
  },
};

/** Names of inputs to save. Of those that were left out of a call tfjs would save `undefined`, and fail. */
function thoseGiven(names: readonly string[]): string[] {
  type Save = (name: string, index: number, all: string[]) => Tensor | undefined;
  const map = (save: Save) => [...names].map(save).filter((input) => input !== undefined);
  return Object.assign([...names], { map }) as string[];
}

/** The scale comes last, so that one left out leaves the others in their places. */
const batchNormGradients = gradients
  .filter(({ kernelName }) => kernelName === 'FusedBatchNorm')
  .map((config): GradConfig => ({ ...config, inputsToSave: thoseGiven(['x', 'mean', 'variance', 'scale']) }));

/** Gradients that tfjs has wrong where `when` says so: none is better. */
const wrong: readonly {
  readonly name: string;
  readonly what: string;
  readonly when: (attrs: NamedAttrMap) => boolean;
}[] = [
  { name: 'MirrorPad', what: 'mirrorPad, whose gradient leaves out what was mirrored', when: () => true },
  ...['ResizeBilinear', 'ResizeNearestNeighbor'].map((name) => ({
    name,
    what: `${name} with halfPixelCenters, whose gradient takes no account of it`,
    when: (attrs: NamedAttrMap) => attrs.halfPixelCenters === true,
  })),
];

const refusals = wrong.map(({ name, what, when }): GradConfig => {
  const shipped = gradients.find(({ kernelName }) => kernelName === name) as GradConfig;
  return {
    ...shipped,
    gradFunc: (dy, saved, attrs) => {
      if (when(attrs)) throw new Error(`[peftjs/backend] tfjs has no right gradient of ${what}; use another operation`);
      return shipped.gradFunc(dy, saved, attrs);
    },
  };
});

const repairs: readonly GradConfig[] = [
  cumsumGradient,
  matMulGradient,
  ...gradients.filter(({ kernelName }) => unreduced.includes(kernelName)).map(reduced),
  ...poolGradients,
  ...dilatedGradients,
  einsumGradient,
  ...batchNormGradients,
  ...refusals,
];

/**
 * Registers the gradient of every tfjs kernel that has one. `useBackend` calls it, and again when a backend has started:
 * a package that brings all of tfjs registers tfjs's own in their place when it is loaded.
 */
export function registerGradients(): void {
  for (const config of gradients) if (getGradient(config.kernelName) === undefined) registerGradient(config);
  for (const config of repairs) {
    const found = getGradient(config.kernelName);
    if (found === config) continue;
    if (found !== undefined) unregisterGradient(config.kernelName);
    registerGradient(config);
  }
  const prototype = Tensor.prototype as unknown as Record<string, unknown>;
  for (const [name, method] of Object.entries(chained)) prototype[name] ??= method;
}
