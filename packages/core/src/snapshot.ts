// What is saved of an adapter: a copy of its parameters, and its configuration in PEFT's terms.
import { engine } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Adapter, AdapterSnapshot } from './adapter.ts';
import type { Json, Method } from './method.ts';
import { hasRole, type Targets } from './targets.ts';

/** A rule for paths as a file states it; a pattern as its source. */
export function ruleJson(rule: Targets[keyof Targets]): Json {
  return ((rule as RegExp | undefined)?.source ?? rule ?? null) as Json;
}

/** `target_modules`. PEFT knows no roles, and takes layers beside a list of names only: then each path is named. */
function modulesOf({ targets: { modules, layers } }: Method, sites: Adapter['attachments'][number]['site'][]): Json {
  const isList = Array.isArray(modules);
  const byRole = isList && modules.some((name) => sites.some((site) => hasRole(site, name)));
  return byRole || (layers?.length && !isList) ? sites.map((site) => site.path) : ruleJson(modules);
}

function configOf({ host, methods, attachments }: Adapter): Record<string, Json> {
  const configs = methods.map((method) => {
    const sites = attachments.filter((a) => a.method === method).map((a) => a.site);
    return method.config({ sites, model: host.sites(), modules: modulesOf(method, sites), task: host.task ?? null });
  });
  return {
    base_model_name_or_path: host.base.name,
    inference_mode: true,
    task_type: null,
    ...Object.assign({}, ...configs),
    peft_type: methods[0].type,
  };
}

/** Tensors of a snapshot by key, some of them computed for it. */
function savedTensors({ methods, attachments, parameters }: Adapter): readonly (readonly [string, Tensor])[] {
  const computed = methods.flatMap((method) => {
    const shared = attachments.find((a) => a.method === method)?.shared;
    return shared && method.exported ? Object.entries(method.exported(shared)) : [];
  });
  return [...parameters.filter((p) => p.saved).map((p) => [p.key, p.variable] as const), ...computed];
}

/** Copies an adapter's parameters and configuration out of the backend. */
export async function takeSnapshot(adapter: Adapter): Promise<AdapterSnapshot> {
  const { base } = adapter.host;
  // Read as they are now: by the time the first has come, somebody may have trained or detached the adapter.
  const reading = engine().tidy(() =>
    savedTensors(adapter).map(async ([key, t]) => ({
      key,
      shape: t.shape,
      data: ((await t.data()) as Float32Array).slice(),
    })),
  );
  return {
    config: configOf(adapter),
    tensors: await Promise.all(reading),
    provenance: { base: { name: base.name, fingerprint: await base.fingerprint() } },
  };
}
