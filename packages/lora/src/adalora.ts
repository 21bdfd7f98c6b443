// AdaLoRA (Zhang et al., arXiv 2303.10512): y = x W' + s (drop(x) A' · e) B' with A [r, i], B [o, r], e [r, 1] and
// s = alpha / (r + 1e-5). A penalty keeps A's rows and B's columns near orthonormal, so that e is like singular values, and
// `budget` sets the least important of them to 0 as training goes on.
import { normal } from '@peftjs/backend';
import {
  ALL_LINEAR,
  affinePart,
  type Json,
  type Part,
  type Place,
  ruleJson,
  type Targets,
  type Tensors,
} from '@peftjs/core';
import {
  add,
  eye,
  matMul,
  mul,
  reshape,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  zeros,
} from '@tensorflow/tfjs-core';
import { type Allocated, type AllocationOptions, checkAllocation, completeAllocation } from './adalora-budget.ts';

export interface AdaloraOptions extends AllocationOptions {
  /** Rank that each layer starts with; 12 when left out. */
  readonly r?: number;
  /** 2 r when left out. */
  readonly alpha?: number;
  /** Share of the update's input dropped in training; 0 when left out. */
  readonly dropout?: number;
  /** Weight of the penalty; 0.5 when left out. */
  readonly orthogonality?: number;
  /** Which modules, as PEFT's `target_modules`; every linear layer but the output when left out. */
  readonly targets?: Targets['modules'];
  readonly exclude?: Targets['exclude'];
  readonly layers?: Targets['layers'];
  readonly layersPattern?: Targets['layersPattern'];
  /** Which ranks a folder has kept, by the module's path and `.lora_E`. */
  readonly kept?: Readonly<Record<string, readonly boolean[]>>;
}

/** ‖x - I‖ of a square matrix. */
const distance = (x: Tensor): Tensor => sqrt(sum(square(sub(x, eye(x.shape[0] as number)))));

/** Mean of ‖A A' - I‖ and ‖B' B - I‖ over all sites; those of a site without a rank are 0. */
function penaltyOf(all: readonly Tensors[]): Tensor {
  const terms = all.flatMap(({ a, b }) =>
    a && b ? [distance(matMul(a, a, false, true)), distance(matMul(b, b, true))] : [],
  );
  return mul(
    terms.reduce((x, y) => add(x, y), scalar(0) as Tensor),
    1 / (2 * all.length),
  );
}

function linear(r: number, scale: number, dropout: number, rankOf: (path: string) => number): Part<'linear'> {
  const draw = (shape: readonly number[], next: Parameters<typeof normal>[0]) =>
    tensor(normal(next, (shape[0] as number) * (shape[1] as number), 0.02), [...shape]);
  return affinePart({
    check: ({ inDim, outDim }) => (r > Math.min(inDim, outDim) ? `rank ${r} is over the layer's` : null),
    params({ path, inDim, outDim }) {
      const rank = rankOf(path);
      if (rank === 0) return {};
      return {
        a: { file: 'lora_A', shape: [rank, inDim], init: draw },
        b: { file: 'lora_B', shape: [outDim, rank], init: draw },
        e: { file: 'lora_E', shape: [rank, 1], init: (shape) => zeros([...shape]) },
      };
    },
    affine({ params: { a, b, e } }) {
      return { terms: a && b && e ? [{ a, b: mul(b, reshape(e, [1, -1])), scale }] : [], dropout };
    },
    // Of a layer that has lost all its ranks PEFT keeps three tensors without numbers.
    redundant: ['lora_A', 'lora_B', 'lora_E'],
  });
}

/**
 * AdaLoRA on linear layers. `budget` of the adapter, given to `train`, allocates the ranks.
 *
 * @throws when an option is out of its range, or the schedule leaves no step to allocate in
 * @example
 * const adapter = attach(model, adalora({ r: 12, target: 8, steps: 1000, warmup: 100, settle: 200 }));
 * const run = train(model, batches, { learningRate: 1e-3, steps: 1000, after: [budget(adapter)] });
 */
export function adalora(options: AdaloraOptions): Allocated {
  const { r = 12, alpha = 2 * r, dropout = 0, orthogonality = 0.5, kept } = options;
  const { targets: modules = ALL_LINEAR, exclude, layers, layersPattern } = options;
  const allocation = completeAllocation(options);
  checkAllocation(allocation, r);
  if (!(dropout >= 0 && dropout < 1)) {
    throw new Error(`[peftjs/lora] dropout is ${dropout}; give a share from 0 to below 1`);
  }
  if (!(orthogonality >= 0)) throw new Error(`[peftjs/lora] orthogonality is ${orthogonality}; give 0 or more`);
  const rankOf = (path: string) => kept?.[`${path}.lora_E`]?.filter(Boolean).length ?? r;
  return {
    allocation,
    type: 'ADALORA',
    targets: { modules, exclude, layers, layersPattern },
    on: { linear: linear(r, alpha / (r + 1e-5), dropout, rankOf) },
    ...(orthogonality > 0 && { penalty: (all: readonly Tensors[]) => mul(penaltyOf(all), orthogonality) }),
    config: (place: Place): Record<string, Json> => ({
      target_modules: place.modules,
      exclude_modules: ruleJson(exclude),
      layers_to_transform: ruleJson(layers),
      layers_pattern: ruleJson(layersPattern),
      init_r: r,
      lora_alpha: alpha,
      lora_dropout: dropout,
      orth_reg_weight: orthogonality,
      target_r: allocation.target,
      tinit: allocation.warmup,
      tfinal: allocation.settle,
      deltaT: allocation.every,
      beta1: allocation.beta1,
      beta2: allocation.beta2,
      total_step: allocation.steps,
      rank_pattern: (kept ?? null) as Json,
      fan_in_fan_out: place.sites.some((site) => site.kind === 'linear' && site.transposed),
      bias: 'none',
    }),
  };
}
