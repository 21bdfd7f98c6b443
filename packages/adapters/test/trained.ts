// Bottleneck adapters as folders hold them.
import { normal, random } from '@peftjs/backend';
import type { AdapterSnapshot } from '@peftjs/core';

export interface TrainedOptions {
  readonly branches: readonly string[];
  /** The branch's width. */
  readonly d: number;
  readonly r?: number;
  readonly style?: string;
  readonly activation?: string;
  readonly scaling?: number;
  readonly base?: string;
}

/** An adapter whose values are all random. */
export function trained(seed: number, options: TrainedOptions): AdapterSnapshot {
  const { branches, d, r = 3, style = 'pfeiffer', activation = 'gelu', scaling = 1, base } = options;
  const next = random(seed);
  const values = (key: string, ...shape: readonly number[]) => ({
    key: `base_model.model.${key}`,
    shape,
    data: normal(
      next,
      shape.reduce((n, s) => n * s),
      0.3,
    ),
  });
  return {
    config: { peft_type: 'BOTTLENECK', style, r, activation, scaling, target_modules: branches },
    tensors: branches.flatMap((path) => [
      values(`${path}.adapter_down.weight`, r, d),
      values(`${path}.adapter_down.bias`, r),
      values(`${path}.adapter_up.weight`, d, r),
      values(`${path}.adapter_up.bias`, d),
    ]),
    provenance: base === undefined ? null : { base: { name: base, fingerprint: `sha256:${base}` } },
  };
}
