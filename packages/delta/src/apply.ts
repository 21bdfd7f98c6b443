// A model's folder out of the other model and a delta: the tuned one out of the base, or the base out of the tuned one.
import { diskFolder, type FileContent, type Folder, MODEL_FILE, type WritableFolder } from '@peftjs/checkpoint';
import { type LazyTensor, safetensorsChunks } from '@peftjs/safetensors';
import { codecsFor } from './codec-for.ts';
import type { Section } from './manifest.ts';
import { openDelta } from './open-delta.ts';
import { pauseFor } from './pause.ts';
import { progressOf } from './progress.ts';
import {
  BACKWARD,
  type Direction,
  FORWARD,
  prepare,
  type RestoreOptions,
  restored,
  wantedOf,
} from './restore-model.ts';
import { bytesOf } from './tensor-bytes.ts';

/**
 * Writes the tuned model to `out`, all or nothing, out of its base and a delta. The base is checked first: onto another one
 * nothing is applied. What comes out is checked against its hash before it counts.
 *
 * @example
 * await apply('models/base', 'out/delta', 'out/tuned');
 */
export async function apply(
  base: string | Folder,
  delta: string | Folder,
  out: string | WritableFolder,
  options: RestoreOptions = {},
): Promise<void> {
  await write(FORWARD, base, delta, out, options);
}

/** Writes the base to `out`, all or nothing, out of a tuned model and the delta that led to it. */
export async function undo(
  tuned: string | Folder,
  delta: string | Folder,
  out: string | WritableFolder,
  options: RestoreOptions = {},
): Promise<void> {
  await write(BACKWARD, tuned, delta, out, options);
}

async function write(
  way: Direction,
  known: string | Folder,
  delta: string | Folder,
  out: string | WritableFolder,
  options: RestoreOptions,
): Promise<void> {
  const pause = pauseFor(options.signal);
  const opened = await openDelta(delta, options);
  const run = await prepare(way, known, opened, codecsFor(opened, options.codecs), pause, options);
  const wanted = [...wantedOf(run)];
  const tell = progressOf(
    options,
    'writing',
    wanted.reduce((sum, [, , facts]) => sum + bytesOf(facts), 0),
  );
  const make = async function* (section: Section, name: string) {
    for await (const piece of restored(run, section, name)) {
      tell(name, piece.length);
      yield piece;
    }
  };
  const tensors: LazyTensor[] = [];
  const files = new Map<string, FileContent>();
  for (const [section, name, { dtype, shape }] of wanted) {
    if (section === 'tensors') tensors.push({ name, dtype, shape, data: () => make(section, name) });
    else files.set(name, make(section, name));
  }
  files.set(MODEL_FILE, safetensorsChunks(tensors, opened.manifest[way.wanted].metadata));
  await (typeof out === 'string' ? diskFolder(out) : out).replace(files);
}
