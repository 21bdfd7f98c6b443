// Adapters trained on, and put on, the tiny model.
import { type AdapterSnapshot, attach, type Method, restore } from '@peftjs/core';
import { add, tensor } from '@tensorflow/tfjs-core';
import { type Bench, withHost } from '../../core/test/with-host.ts';
import { type CombineOptions, combine, type WeightedAdapter } from '../src/combine/combine.ts';
import type { Rule } from '../src/combine/rules.ts';
import { weightsOf } from '../src/extract/base-weight.ts';
import type { FittedAdapter } from '../src/extract/write-adapter.ts';
import { readLora } from '../src/read-lora.ts';
import { type Layer, numbers } from './snapshots.ts';

export const UP = 'model.layers.0.mlp.up_proj';
export const LAYERS: readonly Layer[] = [
  { path: UP, o: 6, i: 4, r: 2 },
  { path: 'model.layers.1.mlp.down_proj', o: 4, i: 6, r: 1 },
  { path: 'model.embed_tokens', o: 4, i: 9, r: 2, embedding: true },
];

export interface ModelBench extends Bench {
  /** An adapter of these methods as if it had been trained: everything has moved. */
  trained(methods: Method | readonly Method[], seed: number): Promise<AdapterSnapshot>;
  outputWith(adapter: AdapterSnapshot): Promise<number[]>;
  combined(
    parts: readonly WeightedAdapter[],
    rule: Rule,
    options?: CombineOptions,
  ): Promise<{ result: FittedAdapter; output: number[] }>;
  /** What gives `combine` the model's own weights. */
  base(): CombineOptions;
}

/** With a configuration as it comes from a file. */
function fromFile(adapter: AdapterSnapshot): AdapterSnapshot {
  return { ...adapter, config: JSON.parse(JSON.stringify(adapter.config)) };
}

/** Call at the top of a test file; read `host` inside of tests. */
export function withModel(): ModelBench {
  const bench = withHost();
  const outputWith = async (adapter: AdapterSnapshot) => {
    const restored = await restore(bench.host, fromFile(adapter), [readLora()]);
    const out = bench.output();
    restored.detach();
    return out;
  };
  return {
    get host() {
      return bench.host;
    },
    get ids() {
      return bench.ids;
    },
    output: (ctx) => bench.output(ctx),
    outputWith,
    async trained(methods, seed) {
      const adapter = attach(bench.host, methods, { seed });
      for (const [k, { variable }] of adapter.parameters.entries()) {
        const step = tensor(numbers([seed, k], variable.size), variable.shape);
        const moved = add(variable, step);
        variable.assign(moved);
        for (const t of [step, moved]) t.dispose();
      }
      const taken = await adapter.snapshot();
      adapter.detach();
      return taken;
    },
    async combined(parts, rule, options) {
      const result = await combine(parts, rule, options);
      return { result, output: await outputWith(result) };
    },
    base: () => ({ weightOf: weightsOf(bench.host) }),
  };
}
