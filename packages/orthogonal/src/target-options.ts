// Which layers a method here acts on.
import { ALL_LINEAR, type Json, type Place, ruleJson, type Targets } from '@peftjs/core';

export interface TargetOptions {
  /** Which modules, as PEFT's `target_modules`; every linear layer but the output when left out. */
  readonly targets?: Targets['modules'];
  readonly exclude?: Targets['exclude'];
  readonly layers?: Targets['layers'];
  readonly layersPattern?: Targets['layersPattern'];
}

export function defaultTargets({ targets = ALL_LINEAR, exclude, layers, layersPattern }: TargetOptions): Targets {
  return { modules: targets, exclude, layers, layersPattern };
}

/** The same options of a configuration that was read. */
export function readTargets({ modules, exclude, layers, layersPattern }: Targets): TargetOptions {
  return {
    targets: modules,
    ...(exclude && { exclude }),
    ...(layers && { layers }),
    ...(layersPattern && { layersPattern }),
  };
}

/** PEFT's keys for them. */
export function targetKeys(place: Place, { exclude, layers, layersPattern }: Targets): Record<string, Json> {
  return {
    target_modules: place.modules,
    exclude_modules: ruleJson(exclude),
    layers_to_transform: ruleJson(layers),
    layers_pattern: ruleJson(layersPattern),
  };
}
