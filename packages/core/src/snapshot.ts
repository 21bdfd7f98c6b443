// What is saved of an adapter: a copy of its parameters, and its configuration in PEFT's terms.
import type { Adapter, AdapterSnapshot } from './adapter.ts';
import type { Json } from './method.ts';
import type { Targets } from './targets.ts';

/** As JSON; a pattern as its source. */
const json = (rule: Targets[keyof Targets]): Json => ((rule as RegExp | undefined)?.source ?? rule ?? null) as Json;

function configOf(adapter: Adapter): Record<string, Json> {
  const [main, ...others] = adapter.methods;
  const { modules, exclude, layers, layersPattern } = main.targets;
  // PEFT takes layers beside a list of names only.
  const paths = () => adapter.attachments.filter((a) => a.method === main).map((a) => a.site.path);
  return {
    base_model_name_or_path: adapter.host.base.name,
    inference_mode: true,
    task_type: null,
    target_modules: layers?.length && !Array.isArray(modules) ? paths() : json(modules),
    exclude_modules: json(exclude),
    layers_to_transform: json(layers),
    layers_pattern: json(layersPattern),
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
      data: ((await variable.data()) as Float32Array).slice(),
    })),
  );
  return {
    config: configOf(adapter),
    tensors,
    provenance: { base: { name: base.name, fingerprint: await base.fingerprint() } },
  };
}
