// Attaches methods to a host: everything is checked, then parameters are made, then links are put on; undone exactly.
import { engine, random } from '@peftjs/backend';
import { dispose, type Variable, variable } from '@tensorflow/tfjs-core';
import type { Adapter, Attachment, Parameter } from './adapter.ts';
import { assertOnTop, changeWeight, derive } from './change-weight.ts';
import type { Host, Undo } from './host.ts';
import type { Method, Part } from './method.ts';
import { planSites } from './plan.ts';
import { adaptersOf, enter, leave } from './registry.ts';
import type { Context, In, LinearSite, Out, SiteKind } from './site.ts';
import { takeSnapshot } from './snapshot.ts';
import { countParameters, summarize } from './summary.ts';
import type { Weight } from './weight.ts';

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
  const { name = 'default', seed = 0, strict = true } = options;
  if (adaptersOf(host).some((other) => other.name === name)) {
    throw new Error(`[peftjs/core] adapter "${name}" is attached already; detach it, or give another name`);
  }
  const all = [methods].flat() as [Method, ...Method[]];
  const plan = planSites(host, all, strict);
  const undos: Undo[] = [];
  const undo = () => {
    while (undos.length) undos.pop()?.();
  };
  const attachments: Attachment[] = [];
  const parameters: Parameter[] = [];
  const adapter: Adapter = {
    name,
    host,
    methods: all,
    attachments,
    parameters,
    active: true,
    summary: () => summarize(adapter, countParameters(host)),
    snapshot: () => takeSnapshot(adapter),
    detach() {
      adapter.unmerge?.();
      for (const { site, weight } of attachments) assertOnTop(site, weight);
      leave(adapter);
      undo();
    },
  };
  try {
    for (const [i, { method, site, part }] of plan.entries()) {
      const params: Record<string, Variable> = {};
      undos.push(() => dispose(params));
      const weight = start(part, site, [seed, i], params);
      if (weight) undos.push(changeWeight(host, site as LinearSite, weight));
      const attachment: Attachment = { method, site, part, params, weight, derived: {} };
      derive(attachment);
      undos.push(() => dispose(attachment.derived));
      attachments.push(attachment);
      for (const [param, { file, trainable = true }] of Object.entries(part.params(site))) {
        const key = `base_model.model.${site.path}.${file}`;
        parameters.push({ key, variable: params[param] as Variable, trainable });
      }
      undos.push(host.wrap(site, link(adapter, attachment, [adaptersOf(host).length, i])));
    }
  } catch (error) {
    undo();
    throw error;
  }
  enter(adapter);
  return adapter;
}

function link(adapter: Adapter, attachment: Attachment, seed: readonly number[]) {
  const { site, part, params } = attachment;
  return (base: (x: In<SiteKind>) => Out<SiteKind>, x: In<SiteKind>, ctx: Context): Out<SiteKind> =>
    adapter.active ? part.forward({ x, base, ctx, site, params, derived: attachment.derived, seed }) : base(x);
}

/** Fills in the parameters' first values; gives the weight where the method changes it. */
function start(
  part: Part<SiteKind>,
  site: Attachment['site'],
  seed: readonly number[],
  params: Record<string, Variable>,
): Weight | null {
  const next = random(...seed);
  return engine().tidy(() => {
    const given = part.start?.(site, next);
    for (const [name, { shape, init }] of Object.entries(part.params(site))) {
      params[name] = variable(given?.params[name] ?? init(shape, next), false);
    }
    return given ? (site as LinearSite).weight.encode(given.weight) : null;
  });
}
