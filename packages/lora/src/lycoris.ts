// What LoHa and LoKr have in common: ranks and scales by module, targets, and what is dropped of the change in training.
import { random } from '@peftjs/backend';
import {
  ALL_LINEAR,
  type Config,
  type ConfigReader,
  type ConvSite,
  configReader,
  dropout,
  type ForwardArgs,
  type Json,
  type LinearSite,
  type Part,
  type Place,
  patternFor,
  ruleJson,
  type Targets,
} from '@peftjs/core';
import { add, mul, ones, sub, type Tensor } from '@tensorflow/tfjs-core';

export interface LycorisOptions {
  /** Rank; 8 when left out. */
  readonly r?: number;
  /** The change counts alpha / r times; r when left out. */
  readonly alpha?: number;
  /** Other ranks for some modules, by the end of their path or a pattern. */
  readonly rankPattern?: Readonly<Record<string, number>>;
  readonly alphaPattern?: Readonly<Record<string, number>>;
  /** Share of the rows of the change that is dropped in training; 0 when left out. */
  readonly rankDropout?: number;
  /** How often all of a layer's change is dropped in training; 0 when left out. */
  readonly moduleDropout?: number;
  /** Which modules, as PEFT's `target_modules`; every linear layer but the output when left out. */
  readonly targets?: Targets['modules'];
  readonly exclude?: Targets['exclude'];
  readonly layers?: Targets['layers'];
  readonly layersPattern?: Targets['layersPattern'];
}

export type LycorisSite = LinearSite | ConvSite;

/** The options with every default in place. */
export interface Lycoris {
  readonly targets: Targets;
  rankOf(site: LycorisSite): number;
  scaleOf(site: LycorisSite): number;
  /** PEFT's keys. */
  config(place: Place): Record<string, Json>;
  /** The part with what is dropped in training. */
  dropping<K extends LycorisSite['kind']>(part: Part<K>, rescaled: boolean): Part<K>;
}

/** @throws when a number is out of its range */
export function lycoris(options: LycorisOptions): Lycoris {
  const { r = 8, alpha = r, rankPattern = {}, alphaPattern = {} } = options;
  const { rankDropout = 0, moduleDropout = 0, targets: modules = ALL_LINEAR, exclude, layers, layersPattern } = options;
  const rank = [r, ...Object.values(rankPattern)].find((one) => !(Number.isInteger(one) && one > 0));
  if (rank !== undefined) throw new Error(`[peftjs/lora] a rank is ${rank}; give a whole number above 0`);
  for (const [name, rate] of Object.entries({ rankDropout, moduleDropout })) {
    if (!(rate >= 0 && rate < 1)) throw new Error(`[peftjs/lora] ${name} is ${rate}; give a share from 0 to below 1`);
  }
  const rankOf = ({ path }: LycorisSite) => patternFor(rankPattern, path) ?? r;
  return {
    targets: { modules, exclude, layers, layersPattern },
    rankOf,
    scaleOf: (site) => (patternFor(alphaPattern, site.path) ?? alpha) / rankOf(site),
    config: (place) => ({
      target_modules: place.modules,
      exclude_modules: ruleJson(exclude),
      layers_to_transform: ruleJson(layers),
      layers_pattern: ruleJson(layersPattern),
      r,
      alpha,
      rank_pattern: rankPattern,
      alpha_pattern: alphaPattern,
      rank_dropout: rankDropout,
      module_dropout: moduleDropout,
      use_effective_conv2d: false,
      init_weights: true,
    }),
    dropping<K extends LycorisSite['kind']>(part: Part<K>, rescaled: boolean): Part<K> {
      if (rankDropout === 0 && moduleDropout === 0) return part;
      const forward = (args: ForwardArgs<K>) => {
        const { x, base, ctx, seed, site } = args;
        if (!ctx.training) return part.forward(args);
        const y = base(x);
        if (random(ctx.seed, ...seed, 1)() < moduleDropout) return y;
        const change = sub(part.forward({ ...args, base: () => y }), y);
        const kept = dropout(ones([(site as LycorisSite).outDim]), rankDropout, [ctx.seed, ...seed]);
        return add(y, mul(change, rescaled ? kept : mul(kept, 1 - rankDropout))) as Tensor;
      };
      return { ...part, forward };
    },
  };
}

const KEYS = 'r alpha rank_pattern alpha_pattern rank_dropout module_dropout init_weights'.split(' ');

/** The options in a configuration, and what reads the rest of it. */
export function readLycoris(
  config: Config,
  keys: readonly string[],
): readonly [options: LycorisOptions, read: ConfigReader] {
  const read = configReader('lora', config, [...KEYS, ...keys]);
  const { modules: targets, exclude, layers, layersPattern } = read.targets();
  const options = {
    r: read.number('r', 8),
    alpha: read.number('alpha', 8),
    rankPattern: (config.rank_pattern ?? {}) as Record<string, number>,
    alphaPattern: (config.alpha_pattern ?? {}) as Record<string, number>,
    rankDropout: read.number('rank_dropout', 0),
    moduleDropout: read.number('module_dropout', 0),
    targets,
    ...(exclude && { exclude }),
    ...(layers && { layers }),
    ...(layersPattern && { layersPattern }),
  };
  return [options, read];
}
