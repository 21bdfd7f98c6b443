// What is saved of an adapter: a copy of its parameters, and its configuration in PEFT's terms.
import { engine } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Adapter, AdapterSnapshot } from './adapter.ts';
import type { Json, Method } from './method.ts';
import type { Site } from './site.ts';
import { ALL_LINEAR, hasRole, type Targets } from './targets.ts';

/** A rule for paths as a file states it; a pattern as its source. */
export function ruleJson(rule: Targets[keyof Targets]): Json {
  return ((rule as RegExp | undefined)?.source ?? rule ?? null) as Json;
}

/**
 * `target_modules`. PEFT knows no roles, takes layers beside a list of names only, and counts most classifying heads among
 * all linear layers: then each path is named.
 */
function modulesOf({ targets: { modules, layers } }: Method, sites: readonly Site[], task: string | null): Json {
  const stated = Array.isArray(modules)
    ? !modules.some((name) => sites.some((site) => hasRole(site, name)))
    : !layers?.length && (modules !== ALL_LINEAR || task === 'CAUSAL_LM');
  return stated ? ruleJson(modules) : sites.map((site) => site.path);
}

/** Copies an adapter's parameters and configuration out of the backend. */
export async function takeSnapshot({ host, methods, attachments, parameters }: Adapter): Promise<AdapterSnapshot> {
  const { base, task = null } = host;
  let config: Record<string, Json> = { base_model_name_or_path: base.name, inference_mode: true, task_type: null };
  // Read as they are now: by the time the first has come, somebody may have trained or detached the adapter.
  const reading = engine().tidy(() => {
    const tensors: Record<string, Tensor> = {};
    for (const { key, variable, saved } of parameters) if (saved) tensors[key] = variable;
    for (const method of methods) {
      const own = attachments.filter((a) => a.method === method);
      const sites = own.map((a) => a.site);
      const place = { sites, model: host.sites(), modules: modulesOf(method, sites, task), task };
      config = { ...config, ...method.config(place) };
      if (own[0]) Object.assign(tensors, method.exported?.(own[0].shared));
    }
    return Object.entries(tensors).map(async ([key, t]) => ({
      key,
      shape: t.shape,
      data: ((await t.data()) as Float32Array).slice(),
    }));
  });
  return {
    config: { ...config, peft_type: methods[0].type },
    tensors: await Promise.all(reading),
    provenance: { base: { name: base.name, fingerprint: await base.fingerprint() } },
  };
}
