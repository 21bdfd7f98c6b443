// Quantization-aware training (Jacob et al., arXiv 1712.05877) of any method: its linear layers compute with weights that
// are rounded to a grid in each forward pass, and gradients pass through the rounding as if it were not there.
import { lookup, rowsOf, untaped } from '@peftjs/backend';
import type { Folded, LinearSite, Method, Part, PartArgs, Tensors, Weight } from '@peftjs/core';
import { add, clone, matMul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { checkGrid, firstSteps, type Grid, misfit, roundToGrid, stepShape } from './grid.ts';

export interface QatSpec extends Grid {
  /**
   * What is rounded. `merged`: the weight with the adapter in it, as merging writes it, y = x fq(fold(W))' + b. `base`: the
   * frozen weight alone, below an adapter that stays apart in float32, y = x fq(W)' + b + what the method adds.
   */
  readonly over: 'base' | 'merged';
  /** `fitted`: each group's largest number decides its step. `learned`: steps are trained (LSQ). `fitted` when left out. */
  readonly steps?: 'fitted' | 'learned';
  /** Rounds each token's inputs, too, to a step of its own. */
  readonly activations?: { readonly bits: number };
}

/** Among the method's parameters. */
const STEP = 'qatStep';

type Linear = Part<'linear'>;
type Fold = NonNullable<Linear['fold']>;

/**
 * A method whose linear layers train as they will be in few bits. Its type, files and targets are the method's own.
 *
 * @throws when an option is out of its range or `over` is missing, or the method cannot be merged on linear layers
 * @example
 * attach(model, qat(lora({ r: 8 }), { bits: 4, group: 32, over: 'merged' }));
 */
export function qat(method: Method, spec: QatSpec): Method {
  const { over, steps = 'fitted', activations, symmetric = true } = spec;
  checkGrid(spec);
  if (over !== 'base' && over !== 'merged') {
    throw new Error(`[peftjs/quantization] over is ${over}; say what is rounded, 'base' or 'merged'`);
  }
  if (activations) checkGrid(activations);
  if (steps === 'learned' && !symmetric) {
    throw new Error('[peftjs/quantization] learned steps are those of a symmetric grid; leave symmetric out');
  }
  const part = method.on.linear;
  if (!part?.fold) {
    throw new Error(`[peftjs/quantization] ${method.type} cannot be merged into linear layers; take another method`);
  }
  const rounded = (over === 'merged' ? overMerged : overBase)(part, part.fold, spec);
  return { ...method, on: { ...method.on, linear: rounded } };
}

/** What both have in common: the steps among the parameters, and what they say of themselves. */
function withSteps(part: Linear, spec: QatSpec): Pick<Linear, 'check' | 'params' | 'readsBias'> {
  return {
    check: (site) => part.check?.(site) ?? misfit(site.inDim, spec),
    params: (site) => ({
      ...part.params(site),
      ...(spec.steps === 'learned' && {
        [STEP]: {
          file: 'qat_step',
          shape: stepShape(site.outDim, site.inDim, spec),
          init: () => firstSteps(site.weight.read(), spec),
        },
      }),
    }),
    readsBias: () => true,
  };
}

function overMerged(part: Linear, mergeInto: Fold, spec: QatSpec): Linear {
  const fold = (args: Parameters<Fold>[0]): Folded => {
    const { weight, bias } = mergeInto(args);
    return { weight: roundToGrid(weight, spec, args.params[STEP]), bias };
  };
  return {
    ...part,
    ...withSteps(part, spec),
    // What lies below cannot be merged into a weight that is read here.
    derive: (site) => part.derive?.(site) ?? {},
    fold,
    forward(args) {
      const { x, site, ctx } = args;
      if (ctx.training && part.forward.affine?.(args).dropout) {
        throw new Error(
          `[peftjs/quantization] "${site.path}" drops a share of the adapter's own input, which over 'merged' has none; leave dropout out`,
        );
      }
      const { weight, bias } = fold({ ...args, weight: frozen(site), bias: site.bias });
      return multiply(x, weight, bias, spec);
    },
  };
}

function overBase(part: Linear, mergeInto: Fold, spec: QatSpec): Linear {
  const below = (args: PartArgs<'linear'>, weight: Tensor) => {
    const step = args.params[STEP];
    const rounded = step ? roundToGrid(weight, spec, step) : untaped(() => roundToGrid(weight, spec));
    const site = holding(args.site, rounded);
    const derived = step ? untaped(() => part.derive?.(site) ?? {}) : args.derived;
    return { weight: rounded, site, derived };
  };
  return {
    ...part,
    ...withSteps(part, spec),
    derive(site): Tensors {
      const weight = site.weight.read();
      return part.derive?.(holding(site, roundToGrid(weight, spec))) ?? {};
    },
    fold: (args) => mergeInto({ ...args, ...below(args, args.weight) }),
    forward(args) {
      const { weight, ...rounded } = below(args, frozen(args.site));
      return part.forward({ ...args, ...rounded, base: (x) => multiply(x, weight, args.site.bias, spec) });
    },
  };
}

function frozen(site: LinearSite): Tensor {
  return untaped(() => site.weight.read());
}

/** x W' + b, [..., i] to [..., o]. */
function multiply(x: Tensor, weight: Tensor, bias: Tensor | null, { activations }: QatSpec): Tensor {
  const rows = activations ? roundToGrid(rowsOf(x), activations) : rowsOf(x);
  const y = matMul(rows, weight, false, true);
  return reshape(bias ? add(y, bias) : y, [...x.shape.slice(0, -1), weight.shape[0] as number]);
}

/** The site as if it held this matrix, for a method that reads the weight itself (DoRA). */
function holding(site: LinearSite, matrix: Tensor): LinearSite {
  const { variable: _, ...rest } = site.weight;
  const weight: Weight = {
    ...rest,
    matMul: (x) => reshape(matMul(rowsOf(x), matrix, false, true), [...x.shape.slice(0, -1), site.outDim]),
    rows: (ids) => lookup(matrix, ids),
    read: () => clone(matrix),
  };
  return { ...site, weight };
}
