// A delta beside a loaded model: what its tensors become is made once, and takes the place of the base's in one turn.
import { type Folder, knownBase } from '@peftjs/checkpoint';
import type { BaseModel, Host } from '@peftjs/core';
import { type OpenDelta, openDelta, type RestoreOptions, tunedTensors } from '@peftjs/delta';
import { assertFinite, quote } from '@peftjs/safetensors';
import { baseTensors, fileOver } from './base-tensors.ts';
import { type Next, nextOf, sizeOf } from './next-of.ts';
import { planOf } from './plan.ts';
import { RuntimeError } from './runtime-error.ts';
import { basesOf, putOn, takeOff, type Variant } from './variants.ts';

/** A delta that a model can run with and without. */
export interface LoadedDelta {
  /** What the model is while the delta is on it. */
  readonly model: BaseModel;
  /** What the process holds for it beside the base's weights. */
  readonly bytes: number;
  /** Files beside the weights that the delta changes: a loaded model's configuration and tokenizer stay as they are. */
  readonly files: readonly string[];
  /** Whether the model runs with it. */
  readonly active: boolean;
  /**
   * Puts it on, in one turn. Another delta for the same base comes off in that turn; on a model that a delta has made what
   * this one was made for, it goes on top. Adapters stay attached.
   *
   * @throws with everything as it was: a request is under way, an adapter is merged, the model is not what it was made for
   */
  apply(): void;
  /**
   * Takes it off: the model holds the very weights from before.
   *
   * @throws with everything as it was: a request is under way, an adapter is merged, another delta lies on top
   */
  takeOff(): void;
  /** Takes it off and frees it. */
  dispose(): void;
}

/**
 * Reads a delta for a loaded model, which is not changed yet. Each tensor is made of the base's, read again from where the
 * model came from, checked against its hash, and held in the storage of the model's own weight.
 *
 * @throws where the model is not what the delta was made for, a chunk is damaged, no trusted key has signed, or the tuned model has tensors that the
 *   loaded one has no place for
 * @example
 * const notes = await loadDelta(model, 'out/delta');
 * notes.apply();
 * console.log(await generateText(model, 'Dear'));
 * notes.takeOff();
 */
export async function loadDelta(
  host: Host,
  source: string | Folder,
  options: RestoreOptions = {},
): Promise<LoadedDelta> {
  const delta = await openDelta(source, options);
  const over = await baseOf(host, delta, options);
  const plan = planOf(host, over, delta);
  const tuned = tunedTensors(delta, baseTensors(host, over), options);
  const total = plan.reduce((sum, { file }) => sum + sizeOf(tuned, file), 0);
  const next = new Map<string, Next>();
  let loaded = 0;
  try {
    for (const { stored, file } of plan) {
      const values = await tuned.readFloat32(file);
      assertFinite(values, delta.location, file);
      next.set(stored.name, nextOf(values, stored));
      loaded += sizeOf(tuned, file);
      options.onProgress?.({ status: 'writing', tensor: file, loaded, total });
    }
  } catch (error) {
    for (const one of next.values()) one.dispose();
    throw error;
  }
  const { name, fingerprint } = delta.manifest.tuned;
  const file = fileOver(over, tuned);
  const model: BaseModel = { name, fingerprint: async () => fingerprint, ...(file && { file }) };
  return loadedDelta(host, { over, model, next, undo: null }, delta);
}

/** What the delta was made for: the model as it is, or as it was before the deltas that are on it. */
async function baseOf(
  host: Host,
  { location, manifest }: OpenDelta,
  { known = [] }: RestoreOptions,
): Promise<BaseModel> {
  const { name, fingerprint } = manifest.base;
  for (const base of basesOf(host)) if ((await base.fingerprint()) === fingerprint) return base;
  const actual = await host.base.fingerprint();
  throw new RuntimeError(
    `${location} was made for ${quote(name)} (${fingerprint}), this model is ${quote(host.base.name)} (${actual}); ` +
      `load the base it was made for${knownBase(manifest.base, actual, known)}`,
  );
}

function loadedDelta(host: Host, variant: Variant, { location, manifest }: OpenDelta): LoadedDelta {
  const { next, model } = variant;
  let isThere = true;
  return {
    model,
    bytes: [...next.values()].reduce((sum, one) => sum + ('encode' in one ? one.bytes : 4 * one.size), 0),
    files: [...manifest.files].flatMap(([name, { before, after }]) => (before?.sha256 === after?.sha256 ? [] : [name])),
    get active() {
      return variant.undo !== null;
    },
    apply() {
      if (!isThere) throw new RuntimeError(`${location} was freed; load it again`);
      putOn(host, variant);
    },
    takeOff: () => takeOff(host, variant),
    dispose() {
      takeOff(host, variant);
      if (isThere) for (const one of next.values()) one.dispose();
      isThere = false;
    },
  };
}
