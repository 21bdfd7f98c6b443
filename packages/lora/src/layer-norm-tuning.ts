// LayerNorm tuning (Zhao et al., arXiv 2312.11420): the norms' gains and offsets are trained, and nothing else.
import { configReader, type Family, type Method, ruleJson, type Targets, wholeNorm } from '@peftjs/core';

export interface LayerNormTuningOptions {
  /** Which norms; all when left out. */
  readonly targets?: Targets['modules'];
  readonly exclude?: Targets['exclude'];
}

/**
 * Trains norms alone.
 *
 * @example
 * attach(model, layerNormTuning());
 */
export function layerNormTuning({ targets = /.*/, exclude }: LayerNormTuningOptions = {}): Method {
  return {
    type: 'LN_TUNING',
    targets: { modules: targets, exclude },
    on: { norm: wholeNorm('ln_tuning_layers.') },
    // PEFT would take a pattern for everything to mean every module: the norms are named.
    config: ({ sites }) => ({ target_modules: sites.map((site) => site.path), exclude_modules: ruleJson(exclude) }),
  };
}

/** What reads LayerNorm tuning. */
export function readLayerNormTuning(): Family {
  return {
    type: 'LN_TUNING',
    read(config) {
      const read = configReader('lora', config, []);
      const { modules: targets, exclude } = read.targets();
      return [layerNormTuning({ targets, ...(exclude && { exclude }) }), ...read.whole()];
    },
  };
}
