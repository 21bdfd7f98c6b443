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
  /** Share of the update's input dropped in training; 0 when left out. */
  readonly dropout?: number;
  /** `lora_only` trains the targets' own biases too. For those of all other layers, add `biases()` to the adapter. */
  readonly bias?: 'none' | 'lora_only';
  /** How A and B start; `kaiming` when left out. */
  readonly init?: Initializer;
}

/** The options with every default in place. */
export interface LoraConfig extends Targets {
  readonly r: number;
  readonly alpha: number;
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly rslora: boolean;
  readonly dropout: number;
  readonly bias: 'none' | 'lora_only';
  readonly init: Initializer;
}

/** @throws when a number is out of its range */
export function complete(options: LoraOptions): LoraConfig {
  const { targets: modules = ALL_LINEAR, r = 8, ...rest } = options;
  const config: LoraConfig = {
    modules,
    r,
    alpha: 2 * r,
    rankPattern: {},
    alphaPattern: {},
    rslora: false,
    dropout: 0,
    bias: 'none',
    init: kaiming,
    ...rest,
  };
  const { dropout } = config;
  if (!(dropout >= 0 && dropout < 1)) {
    throw new Error(`[peftjs/lora] dropout is ${dropout}; give a share from 0 to below 1`);
  }
  return config;
}
