// FourierFT (Gao et al., arXiv 2405.03003): the change of W [o, i] is s Re(ifft2(F)), with n learned coefficients c at places
// (u, v) of F that a seed decides. Each is a cosine, and cos(a + b) = cos a cos b - sin a sin b makes them low-rank terms:
// s / (o i) (C_u diag(c) C_v' - S_u diag(c) S_v'), so that neither F nor the change is formed.
import { normal } from '@peftjs/backend';
import {
  affinePart,
  type LinearSite,
  type Method,
  type ParamSpec,
  patternFor,
  ruleJson,
  type Targets,
} from '@peftjs/core';
import { mul, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { torchPermutation, torchRandom } from './torch-random.ts';

export interface FourierftOptions {
  /** Coefficients of each layer; 1000 when left out. */
  readonly n?: number;
  /** Other numbers for some modules, by the end of their path or a pattern. */
  readonly nPattern?: Readonly<Record<string, number>>;
  /** 150 when left out. */
  readonly scaling?: number;
  /** Decides the places, the same in every layer of one shape; 777 when left out. */
  readonly places?: number;
  /** Starts from coefficients of 0 in place of normal ones. */
  readonly zero?: boolean;
  readonly targets: Targets['modules'];
  readonly exclude?: Targets['exclude'];
  readonly layers?: Targets['layers'];
  readonly layersPattern?: Targets['layersPattern'];
}

/** Up to here torch draws 32 bits for each place of a permutation. */
const MOST = 214_748_363;

const TABLES = ['cosU', 'sinU', 'cosV', 'sinV'] as const;
type TableName = (typeof TABLES)[number];

/** Cosines or sines of 2 π p f / size for the places p of a side and its n frequencies f; [size, n], or turned [n, size]. */
function waves(f: (angle: number) => number, size: number, frequencies: readonly number[], turned: boolean): Tensor {
  const n = frequencies.length;
  const angle = (p: number, k: number) => (2 * Math.PI * ((p * (frequencies[k] as number)) % size)) / size;
  const at = (i: number) => (turned ? angle(i % size, Math.floor(i / size)) : angle(Math.floor(i / n), i % n));
  const values = Float32Array.from({ length: size * n }, (_, i) => f(at(i)));
  return tensor(values, turned ? [n, size] : [size, n]);
}

/**
 * FourierFT on linear layers.
 *
 * @throws when a number is out of its range
 * @example
 * attach(model, fourierft({ n: 500, scaling: 100, targets: ['q_proj', 'v_proj'] }));
 */
export function fourierft(options: FourierftOptions): Method {
  const { n = 1000, nPattern = {}, scaling = 150, places = 777, zero = false } = options;
  const { targets: modules, exclude, layers, layersPattern } = options;
  const count = [n, ...Object.values(nPattern)].find((one) => !(Number.isInteger(one) && one > 0));
  if (count !== undefined) throw new Error(`[peftjs/lora] n is ${count}; give a whole number above 0`);
  const countOf = ({ path }: LinearSite) => patternFor(nPattern, path) ?? n;
  const keyOf = (site: LinearSite, table: TableName) =>
    `fourierft.${site.outDim}.${site.inDim}.${countOf(site)}.${table}`;
  /** One of the tables for layers of a shape. */
  const specOf = (site: LinearSite, table: TableName): ParamSpec => {
    const [isRow, f] = [table.endsWith('U'), table.startsWith('cos') ? Math.cos : Math.sin];
    const { inDim, outDim } = site;
    return {
      file: keyOf(site, table),
      shape: isRow ? [outDim, countOf(site)] : [countOf(site), inDim],
      trainable: false,
      saved: false,
      init() {
        const chosen = [...torchPermutation(torchRandom(places), inDim * outDim, countOf(site))];
        const side = chosen.map((place) => (isRow ? Math.floor(place / inDim) : place % inDim));
        return waves(f, isRow ? outDim : inDim, side, !isRow);
      },
    };
  };
  return {
    type: 'FOURIERFT',
    targets: { modules, exclude, layers, layersPattern },
    on: {
      linear: affinePart({
        check(site) {
          const [count, size] = [countOf(site), site.inDim * site.outDim];
          if (count > size) return `${count} coefficients are more than its ${size} numbers`;
          return size > MOST ? `PEFT draws places among more than ${MOST} numbers in another way` : null;
        },
        params: (site) => ({
          c: {
            file: 'fourierft_spectrum',
            shape: [countOf(site)],
            init: ([size], next) => (zero ? zeros([size as number]) : tensor(normal(next, size as number, 1))),
          },
        }),
        affine({ site, params, shared }) {
          const [cosU, sinU, cosV, sinV] = TABLES.map((table) => shared[keyOf(site, table)] as Tensor);
          const scale = scaling / (site.inDim * site.outDim);
          return {
            terms: [
              { a: cosV as Tensor, b: mul(cosU as Tensor, params.c as Tensor), scale },
              { a: sinV as Tensor, b: mul(sinU as Tensor, params.c as Tensor), scale: -scale },
            ],
          };
        },
      }),
    },
    shared(sites) {
      const linear = sites as readonly LinearSite[];
      return Object.fromEntries(
        linear.flatMap((site) => TABLES.map((table) => [keyOf(site, table), specOf(site, table)])),
      );
    },
    config: ({ modules: target_modules, sites }) => ({
      target_modules,
      exclude_modules: ruleJson(exclude),
      layers_to_transform: ruleJson(layers),
      layers_pattern: ruleJson(layersPattern),
      n_frequency: n,
      n_frequency_pattern: nPattern,
      scaling,
      random_loc_seed: places,
      init_weights: zero,
      fan_in_fan_out: sites.some((site) => site.kind === 'linear' && site.transposed),
      bias: 'none',
    }),
  };
}
