// What LoRA can be told, and the defaults.
import type { Targets } from '@peftjs/core';
import { ALL_LINEAR } from '@peftjs/core';
import { type Initializer, kaiming } from './initializers.ts';

export interface LoraOptions {
  /** Rank; 8 when left out. */
  readonly r?: number;
  /** The update counts alpha / r times (rsLoRA: alpha / sqrt(r)); 2 r when left out. */
  readonly alpha?: number;
  /** Which modules, as PEFT's `target_modules`; every linear layer but the output when left out. */
  readonly targets?: Targets['modules'];
  readonly exclude?: Targets['exclude'];
  readonly layers?: Targets['layers'];
  readonly layersPattern?: Targets['layersPattern'];
  /** Other ranks for some modules, by the end of their path or a pattern. */
  readonly rankPattern?: Readonly<Record<string, number>>;
  readonly alphaPattern?: Readonly<Record<string, number>>;
  /** Scales by alpha / sqrt(r), so that high ranks keep learning (Kalajdzievski, arXiv 2312.03732). */
  readonly rslora?: boolean;
  /** Learns size and direction apart (DoRA: Liu et al., arXiv 2402.09353). */
  readonly dora?: boolean;
  /** Share of the update's input dropped in training; 0 when left out. */
  readonly dropout?: number;
  /** Which of the layers' own biases are trained too; none when left out. */
  readonly bias?: 'none' | 'lora_only' | 'all';
  /** Gives B a bias of its own. */
  readonly loraBias?: boolean;
  /** Modules trained whole and saved with the adapter. */
  readonly modulesToSave?: readonly string[];
  /** How A and B start; `kaiming` when left out. */
  readonly init?: Initializer;
}

/** The options with every default in place. */
export interface LoraConfig {
  readonly r: number;
  readonly alpha: number;
  readonly targets: Targets;
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly rslora: boolean;
  readonly dora: boolean;
  readonly dropout: number;
  readonly bias: 'none' | 'lora_only' | 'all';
  readonly loraBias: boolean;
  readonly modulesToSave: readonly string[];
  readonly init: Initializer;
}

/** @throws when a number is out of its range, or options contradict each other */
export function complete(options: LoraOptions): LoraConfig {
  const { r = 8, dropout = 0, modulesToSave = [], exclude, layers, layersPattern } = options;
  const {
    rankPattern = {},
    alphaPattern = {},
    rslora = false,
    dora = false,
    bias = 'none',
    loraBias = false,
    init = kaiming,
  } = options;
  const config: LoraConfig = {
    r,
    alpha: options.alpha ?? 2 * r,
    targets: {
      modules: options.targets ?? ALL_LINEAR,
      never: modulesToSave,
      ...(exclude === undefined ? {} : { exclude }),
      ...(layers === undefined ? {} : { layers }),
      ...(layersPattern === undefined ? {} : { layersPattern }),
    },
    rankPattern,
    alphaPattern,
    rslora,
    dora,
    dropout,
    bias,
    loraBias,
    modulesToSave,
    init,
  };
  const rank = [r, ...Object.values(rankPattern)].find((n) => !(Number.isInteger(n) && n > 0));
  if (rank !== undefined) throw new Error(`[peftjs/lora] the rank is ${rank}; give a whole number above 0`);
  if (!(dropout >= 0 && dropout < 1))
    throw new Error(`[peftjs/lora] dropout is ${dropout}; give a share from 0 to below 1`);
  if (loraBias && (dora || bias !== 'none')) {
    throw new Error(`[peftjs/lora] loraBias cannot go with ${dora ? 'dora' : `bias: '${bias}'`}; leave one out`);
  }
  return config;
}
