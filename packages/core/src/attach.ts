// Attaches methods to a host: everything is checked, then parameters are made, then links are put on; undone exactly.
import { engine, type Random, random } from '@peftjs/backend';
import { dispose, type Tensor, type Variable, variable } from '@tensorflow/tfjs-core';
import type { Adapter, Attachment, Parameter } from './adapter.ts';
import { derive } from './change-weight.ts';
import type { Taken } from './from-weight.ts';
import type { Host, Undo } from './host.ts';
import type { Method, ParamSpecs, Part, Tensors } from './method.ts';
import { planSites } from './plan.ts';
import { adaptersOf, enter, leave } from './registry.ts';
import type { Link, SiteKind } from './site.ts';
import { takeSnapshot } from './snapshot.ts';
import { countParameters, summarize } from './summary.ts';

export interface AttachOptions {
  /** Names the adapter on this host; `default` when left out. */
  readonly name?: string;
  /** Seeds the parameters; 0 when left out. */
  readonly seed?: number;
  /** Whether each target must match; true when left out. */
  readonly strict?: boolean;
}

/**
 * Attaches a method, or several as one adapter.
 *
 * @returns the adapter, active
 * @throws before anything is changed: a target that matches nothing, a site that the method cannot act on, a name taken
 * @example
 * const notes = attach(model, lora({ r: 8, alpha: 16, targets: ['q_proj', 'v_proj'] }), { name: 'notes' });
 */
export function attach(host: Host, methods: Method | readonly Method[], options: AttachOptions = {}): Adapter {
  return attachFilled(host, methods, options);
}

/** What an adapter is filled with instead of being started. */
export interface Filling {
  /**
   * A parameter's value, where there is one.
   * @throws where it has another shape
   */
  value(key: string, shape: readonly number[]): Tensor | undefined;
  /** @throws where something is missing or left over */
  check(adapter: Adapter): void;
}

/** Attaches, and checks a filling before anybody sees the adapter; `replaces` comes off in the same turn. */
export function attachFilled(
  host: Host,
  methods: Method | readonly Method[],
  { name = 'default', seed = 0, strict = true }: AttachOptions,
  filling?: Filling,
  replaces?: Adapter,
): Adapter {
  if (adaptersOf(host).some((other) => other.name === name && other !== replaces)) {
    throw new Error(`[peftjs/core] adapter "${name}" is attached; detach it or give another name`);
  }
  const all = [methods].flat() as [Method, ...Method[]];
  const prefix = all[0].prefix ?? 'base_model.model.';
  const attachments: Attachment[] = [];
  const parameters: Parameter[] = [];
  const undos: Undo[] = [() => dispose([parameters.map((p) => p.variable), attachments.map((a) => a.derived)])];
  const undo = () => {
    while (undos.length) undos.pop()?.();
  };
  const checks: Taken['assertFree'][] = [];
  const adapter: Adapter = {
    name,
    host,
    methods: all,
    prefix,
    attachments,
    parameters,
    active: true,
    strength: 1,
    summary: () => summarize(adapter, countParameters(host)),
    snapshot: () => takeSnapshot(adapter),
    detach() {
      adapter.unmerge?.();
      for (const check of checks) check(name);
      leave(adapter, undo);
    },
  };
  const make = (specs: ParamSpecs, path: string, next: Random, given?: Tensors) => {
    const made: Record<string, Variable> = {};
    for (const [param, { shape, init, file, trainable = true, saved = true }] of Object.entries(specs)) {
      const key = path + file;
      made[param] = variable(filling?.value(key, shape) ?? given?.[param] ?? init(shape, next), false);
      parameters.push({ key, variable: made[param], trainable, saved });
    }
    return made;
  };
  try {
    for (const [n, [method, sites]] of planSites(host, all, strict).entries()) {
      const shared = engine().tidy(() => make(method.shared?.(sites, host.sites()) ?? {}, '', random(seed, -1, n)));
      for (const site of sites) {
        const part = method.on[site.kind] as Part<SiteKind>;
        const i = attachments.length;
        let taken: Taken | undefined;
        const params = engine().tidy(() => {
          const next = random(seed, i);
          const start = part.start?.(host, site, next);
          const made = make(part.params(site), `${prefix}${site.path}.`, next, start?.params);
          taken = start?.take();
          return made;
        });
        if (taken) {
          undos.push(taken.undo);
          checks.push(taken.assertFree);
        }
        const index = sites.filter((other) => other.kind === site.kind).indexOf(site);
        const weight = taken?.weight ?? null;
        const attachment: Attachment = { method, site, part, params, shared, index, weight, derived: {} };
        attachments.push(attachment);
        derive(attachment);
        const own = [adaptersOf(host).length, i];
        const link: Link<SiteKind> = (base, x, ctx) => part.forward({ ...attachment, x, base, ctx, seed: own });
        link.affine = () => part.forward.affine?.(attachment);
        undos.push(host.wrap(site, link, adapter));
      }
    }
    filling?.check(adapter);
  } catch (error) {
    undo();
    throw error;
  }
  enter(adapter);
  replaces?.detach();
  return adapter;
}
