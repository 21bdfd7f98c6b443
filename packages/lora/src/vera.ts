// VeRA (Kopiczko et al., arXiv 2310.11454): y = x W' + b + λ_b · (((drop(x) A') · λ_d) B') with A [r, i] and B [o, r] random,
// frozen and the same for all layers, cut to each one's width; only λ_d [r] and λ_b [o] are trained.
import {
  affinePart,
  type LinearSite,
  type Method,
  type ParamSpec,
  type Part,
  ruleJson,
  type Site,
  type Targets,
} from '@peftjs/core';
import { add, mul, reshape, slice, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { torchRandom, torchUniform } from './torch-random.ts';

export interface VeraOptions {
  /** Rank; 256 when left out. */
  readonly r?: number;
  /** What λ_d starts with; 0.1 when left out. */
  readonly start?: number;
  /** Seeds A and B, as PEFT draws them; 0 when left out. */
  readonly projection?: number;
  /** Whether A and B are saved with the adapter; true when left out. Without them they are drawn again. */
  readonly saveProjection?: boolean;
  /** Share of the update's input dropped in training; 0 when left out. */
  readonly dropout?: number;
  readonly targets: Targets['modules'];
  readonly exclude?: Targets['exclude'];
  readonly layers?: Targets['layers'];
  readonly layersPattern?: Targets['layersPattern'];
}

function linear(r: number, start: number, dropout: number): Part<'linear'> {
  return affinePart({
    params: ({ outDim }) => ({
      d: { file: 'vera_lambda_d', shape: [r], init: () => add(zeros([r]), start) },
      b: { file: 'vera_lambda_b', shape: [outDim], init: () => zeros([outDim]) },
    }),
    affine({ site, params, shared }) {
      const b = slice(shared.b as Tensor, [0, 0], [site.outDim, r]);
      const scaled = mul(mul(b, params.d as Tensor), reshape(params.b as Tensor, [-1, 1]));
      return { terms: [{ a: slice(shared.a as Tensor, [0, 0], [r, site.inDim]), b: scaled, scale: 1 }], dropout };
    },
  });
}

/** A and B for the widest layers. torch draws A first, both uniform within sqrt(6 / columns). */
function projections(
  sites: readonly LinearSite[],
  r: number,
  seed: number,
  saved: boolean,
): Record<'a' | 'b', ParamSpec> {
  const inDim = Math.max(...sites.map((site) => site.inDim));
  const outDim = Math.max(...sites.map((site) => site.outDim));
  const draw = (next: () => number, rows: number, columns: number) => {
    const bound = Math.sqrt(6 / columns);
    return torchUniform(next, rows * columns, -bound, bound);
  };
  const frozen = { trainable: false, saved } as const;
  return {
    a: {
      ...frozen,
      file: 'base_model.vera_A',
      shape: [r, inDim],
      init: () => tensor(draw(torchRandom(seed), r, inDim), [r, inDim]),
    },
    b: {
      ...frozen,
      file: 'base_model.vera_B',
      shape: [outDim, r],
      init() {
        const next = torchRandom(seed);
        draw(next, r, inDim);
        return tensor(draw(next, outDim, r), [outDim, r]);
      },
    },
  };
}

/**
 * VeRA on linear layers.
 *
 * @throws when a number is out of its range
 * @example
 * attach(model, vera({ r: 64, targets: ['q_proj', 'v_proj'] }));
 */
export function vera(options: VeraOptions): Method {
  const { r = 256, start = 0.1, projection = 0, saveProjection = true, dropout = 0 } = options;
  const { targets: modules, exclude, layers, layersPattern } = options;
  if (!(Number.isInteger(r) && r > 0)) throw new Error(`[peftjs/lora] the rank is ${r}; give a whole number above 0`);
  if (!(dropout >= 0 && dropout < 1)) {
    throw new Error(`[peftjs/lora] dropout is ${dropout}; give a share from 0 to below 1`);
  }
  const isLinear = (site: Site): site is LinearSite => site.kind === 'linear';
  return {
    type: 'VERA',
    targets: { modules, exclude, layers, layersPattern },
    on: { linear: linear(r, start, dropout) },
    shared: (sites) => projections(sites.filter(isLinear), r, projection, saveProjection),
    config: (place) => ({
      // PEFT's VeRA knows no modules to leave out: those that are left are named.
      target_modules: exclude === undefined ? place.modules : place.sites.map((site) => site.path),
      layers_to_transform: ruleJson(layers),
      layers_pattern: ruleJson(layersPattern),
      r,
      d_initial: start,
      projection_prng_key: projection,
      save_projection: saveProjection,
      vera_dropout: dropout,
      fan_in_fan_out: place.sites.some((site) => isLinear(site) && site.transposed),
      init_weights: true,
      bias: 'none',
    }),
  };
}
