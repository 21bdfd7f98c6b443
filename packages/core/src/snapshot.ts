// What is saved of an adapter: a copy of its parameters, and its configuration in PEFT's terms.
import type { Adapter, AdapterSnapshot } from './adapter.ts';
import type { Json } from './method.ts';
import type { Targets } from './targets.ts';

const list = (rule: Targets['exclude']): Json => (rule instanceof RegExp ? rule.source : (rule ?? null));

function configOf(adapter: Adapter): Record<string, Json> {
  const [main, ...others] = adapter.methods;
  const { modules, exclude, layers, layersPattern } = main.targets;
  return {
    base_model_name_or_path: adapter.host.base.name,
    inference_mode: true,
    task_type: null,
    target_modules: list(modules),
    exclude_modules: list(exclude),
    layers_to_transform: layers ?? null,
    layers_pattern: layersPattern ?? null,
    ...main.config,
    ...Object.assign({}, ...others.map((method) => method.config)),
    peft_type: main.type,
  };
}

/** Copies an adapter's parameters and configuration out of the backend. */
export async function takeSnapshot(adapter: Adapter): Promise<AdapterSnapshot> {
  const { base } = adapter.host;
  const tensors = await Promise.all(
    adapter.parameters.map(async ({ key, variable }) => ({
      key,
      shape: variable.shape,
      data: (await variable.data()) as Float32Array,
    })),
  );
  return {
    config: configOf(adapter),
    tensors,
    provenance: { base: { name: base.name, fingerprint: await base.fingerprint() } },
  };
}
