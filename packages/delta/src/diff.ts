// The change from a base to a tuned model as a delta folder, one tensor after the other.
import { diskFolder, type Folder, isFileName, type WritableFolder } from '@peftjs/checkpoint';
import { quote } from '@peftjs/safetensors';
import type { Codec, Pause, TensorBytes } from './codec.ts';
import { exact } from './codecs/exact.ts';
import { DeltaError } from './delta-error.ts';
import { storyOf } from './delta-record.ts';
import type { Facts, Section } from './manifest.ts';
import { factsOf, type ModelSource, modelSource } from './model-source.ts';
import { pauseFor } from './pause.ts';
import { bytesOf, isSameKind, zeroBytes } from './tensor-bytes.ts';
import { type Changes, type DiffResult, type Key, type Made, type WriteOptions, writeDelta } from './write-delta.ts';

export interface DiffOptions extends WriteOptions {
  /** What the base is called in the delta; its folder when left out. */
  readonly baseName?: string | undefined;
  /** Whether what the tuned model lacks is kept, so that it can be undone. True when left out. */
  readonly reversible?: boolean | undefined;
}

/**
 * Writes the delta from `base` to `tuned`, folders or paths, to `out`, all or nothing. What is the same in both is named
 * by its hash, what has another shape or dtype is stored whole.
 *
 * @example
 * await diff('models/base', 'out/tuned', 'out/delta');
 */
export async function diff(
  base: string | Folder,
  tuned: string | Folder,
  out: string | WritableFolder,
  options: DiffOptions = {},
): Promise<DiffResult> {
  const { baseName, reversible = true, signal } = options;
  const [before, after] = [await modelSource(base), await modelSource(tuned)];
  const encoder: Encoder = { before, after, reversible, codec: exact(), pause: pauseFor(signal) };
  return writeDelta(
    out,
    {
      keys: [...(await unionOf(before, after, 'tensors')), ...(await unionOf(before, after, 'files'))],
      base: { name: baseName ?? before.name, metadata: before.metadata },
      tuned: { name: after.name, metadata: after.metadata },
      story: await storyOf(typeof tuned === 'string' ? diskFolder(tuned) : tuned),
      pause: encoder.pause,
      make: (key) => encode(encoder, key),
    },
    options,
  );
}

async function unionOf(before: ModelSource, after: ModelSource, section: Section): Promise<readonly Key[]> {
  const [old, fresh] = [await before.names(section), await after.names(section)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().map((name) => {
    if (section === 'files' && !isFileName(name)) throw new DeltaError(`${quote(name)} is no name of a file`);
    const sizes = [old.get(name), fresh.get(name)].map((kind) => (kind ? bytesOf(kind) : 0));
    return { section, name, bytes: Math.max(...sizes) };
  });
}

interface Encoder {
  readonly before: ModelSource;
  readonly after: ModelSource;
  readonly reversible: boolean;
  readonly codec: Codec;
  readonly pause: Pause;
}

async function encode(encoder: Encoder, { section, name }: Key): Promise<Made> {
  const { reversible, codec, pause } = encoder;
  const [old, fresh] = [await encoder.before.open(section, name), await encoder.after.open(section, name)];
  const [before, after] = [old && (await factsOf(old)), fresh && (await factsOf(fresh))];
  const change = async (base: TensorBytes, tuned: TensorBytes, { dtype, shape }: Facts) => {
    const encoded = await codec.encode({ tensor: { dtype, shape }, base, tuned }, pause);
    return { codec: codec.id, error: 0, encoded };
  };
  let changes: Changes = {};
  if (old && fresh && before && after && isSameKind(before, after)) {
    if (before.sha256 !== after.sha256) changes = { change: await change(old, fresh, after) };
  } else {
    if (fresh && after) changes = { after: await change(zeroBytes(fresh.bytes), fresh, after) };
    if (old && before && reversible) changes = { ...changes, before: await change(zeroBytes(old.bytes), old, before) };
  }
  return { before, after, changes };
}
