// FourierFT (Gao et al., arXiv 2405.03003): the change of W [o, i] is s Re(ifft2(F)), with n learned coefficients c at places
// (u, v) of F that a seed decides. Each is a cosine, and cos(a + b) = cos a cos b - sin a sin b makes them low-rank terms:
// s / (o i) (C_u diag(c) C_v' - S_u diag(c) S_v'), so that neither F nor the change is formed.
import { normal } from '@peftjs/backend';
import { affinePart, type LinearSite, type Method, patternFor, ruleJson, type Targets } from '@peftjs/core';
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

/** Cosines and sines of 2 π p f / size for the places p of a side and its n frequencies f; [size, n], or turned [n, size]. */
function waves(size: number, frequencies: readonly number[], turned: boolean): readonly [cos: Tensor, sin: Tensor] {
  const n = frequencies.length;
  const angle = (p: number, k: number) => (2 * Math.PI * ((p * (frequencies[k] as number)) % size)) / size;
  const at = (i: number) => (turned ? angle(i % size, Math.floor(i / size)) : angle(Math.floor(i / n), i % n));
  const shape: [number, number] = turned ? [n, size] : [size, n];
  const table = (f: (a: number) => number) =>
    tensor(
      Float32Array.from({ length: size * n }, (_, i) => f(at(i))),
      shape,
    );
  return [table(Math.cos), table(Math.sin)];
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
  return {
    type: 'FOURIERFT',
    targets: { modules, exclude, layers, layersPattern },
    on: {
      linear: affinePart({
        check: (site) =>
          countOf(site) > site.inDim * site.outDim
            ? `${countOf(site)} coefficients are more than its ${site.inDim * site.outDim} numbers`
            : null,
        params: (site) => ({
          c: {
            file: 'fourierft_spectrum',
            shape: [countOf(site)],
            init: ([size], next) => (zero ? zeros([size as number]) : tensor(normal(next, size as number, 1))),
          },
        }),
        derive(site) {
          const { inDim, outDim } = site;
          const chosen = [...torchPermutation(torchRandom(places), inDim * outDim, countOf(site))];
          const rows = chosen.map((place) => Math.floor(place / inDim));
          const [cosU, sinU] = waves(outDim, rows, false);
          const columns = chosen.map((place) => place % inDim);
          const [cosV, sinV] = waves(inDim, columns, true);
          return { cosU, sinU, cosV, sinV };
        },
        affine({ site, params, derived }) {
          const { cosU, sinU, cosV, sinV } = derived as Record<'cosU' | 'sinU' | 'cosV' | 'sinV', Tensor>;
          const scale = scaling / (site.inDim * site.outDim);
          return {
            terms: [
              { a: cosV, b: mul(cosU, params.c as Tensor), scale },
              { a: sinV, b: mul(sinU, params.c as Tensor), scale: -scale },
            ],
          };
        },
      }),
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
