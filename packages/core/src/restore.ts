// An adapter made again from what was saved of it, every key accounted for.
import { tensor } from '@tensorflow/tfjs-core';
import type { Adapter, AdapterSnapshot, SavedTensor } from './adapter.ts';
import { type AttachOptions, attachFilled, type Filling } from './attach.ts';
import type { Host } from './host.ts';
import type { Family } from './method.ts';
import { nearest } from './nearest.ts';
import { adaptersOf } from './registry.ts';

export interface RestoreOptions extends AttachOptions {
  /** Attaches although the adapter was made for another base. */
  readonly anyBase?: boolean;
  /**
   * An adapter of this host that the new one takes the place of, and the name if none is given. It comes off in the same
   * turn, so that no pass runs both or neither; a request that has pinned it ends with it. The new one lies on top of others.
   */
  readonly replaces?: Adapter;
}

/**
 * Attaches a saved adapter.
 *
 * @param families what may be read: `[readLora()]`, the method packages' own readers
 * @throws before anything is changed: another base, an unknown type, a key too many or too few, a wrong shape
 * @example
 * const notes = await restore(model, await loadAdapter('out/notes'), [readLora()]);
 */
export async function restore(
  host: Host,
  saved: AdapterSnapshot,
  families: readonly Family[],
  options: RestoreOptions = {},
): Promise<Adapter> {
  const type = String(saved.config.peft_type);
  const family = families.find((f) => f.type === type);
  if (family === undefined) {
    const known = families.map((f) => f.type);
    throw new Error(
      `[peftjs/core] the adapter is of type "${type}", and no family given reads it${nearest(type, known)}`,
    );
  }
  const expected = saved.provenance?.base;
  if (expected !== undefined && options.anyBase !== true) {
    const actual = await host.base.fingerprint();
    if (actual !== expected.fingerprint) {
      throw new Error(
        `[peftjs/core] the adapter was made for another base: "${expected.name}" ${expected.fingerprint}; this is "${host.base.name}" ${actual}`,
      );
    }
  }
  const prepared = (await family.prepare?.(saved.config, host)) ?? family;
  const { replaces } = options;
  if (replaces && (replaces.host !== host || !adaptersOf(host).includes(replaces))) {
    throw new Error(`[peftjs/core] "${replaces.name}" is not attached to this model; there is nothing to replace`);
  }
  if (replaces?.unmerge || replaces?.attachments.some((a) => a.weight)) {
    throw new Error(`[peftjs/core] "${replaces.name}" has changed the base's weights; detach it first`);
  }
  const attaching = { strict: false, ...(replaces && { name: replaces.name }), ...options };
  return attachFilled(host, prepared.read(saved.config), attaching, fillingOf(saved), replaces);
}

function fillingOf({ tensors }: AdapterSnapshot): Filling {
  const byKey = new Map(tensors.map((t) => [t.key, t]));
  return {
    value(key, wanted) {
      const found = byKey.get(key);
      if (!found) return;
      const { shape, data } = found;
      if (shape.join() !== wanted.join())
        throw new Error(`[peftjs/core] "${key}" has shape [${shape}] in the adapter; the model wants [${wanted}]`);
      return tensor(data.slice(), [...shape]);
    },
    check: (adapter) => checkKeys(adapter, byKey),
  };
}

function checkKeys(adapter: Adapter, byKey: ReadonlyMap<string, SavedTensor>): void {
  const redundant = new Set(
    adapter.attachments.flatMap(({ site, part }) =>
      (part.redundant ?? []).map((f) => `${adapter.prefix}${site.path}.${f}`),
    ),
  );
  const keys = new Set(adapter.parameters.filter((p) => p.saved).map((p) => p.key));
  const extra = [...byKey.keys()].find((key) => !keys.has(key) && !redundant.has(key));
  const missing = [...keys].find((key) => !byKey.has(key));
  if (extra !== undefined)
    throw new Error(`[peftjs/core] nothing in the model takes "${extra}"${nearest(extra, keys)}`);
  if (missing !== undefined)
    throw new Error(`[peftjs/core] the adapter has no "${missing}"${nearest(missing, byKey.keys())}`);
}
