// What all work on deltas takes, a bar that shows how far it is, and what is said of a delta afterwards.
import type { Folder, KnownBase, TrustOptions } from '@peftjs/checkpoint';
import { type Codec, type DeltaProgress, inspect } from '@peftjs/delta';
import type { Run } from '../command.ts';
import { allCodecs } from '../options/delta-codecs.ts';
import { deltaLines } from './delta-lines.ts';
import { knownBases } from './known-bases.ts';

interface How {
  readonly signal: AbortSignal;
  readonly codecs: readonly Codec[];
  readonly known: readonly KnownBase[];
  onProgress(progress: DeltaProgress): void;
}

export async function workOnDelta<T>({ report, signal }: Run, work: (how: How) => Promise<T>): Promise<T> {
  const known = await knownBases();
  const bar = await report.progress(100, '%');
  const onProgress = ({ status, loaded, total }: DeltaProgress) =>
    bar.update(Math.floor((100 * loaded) / (total || 1)), status);
  try {
    return await work({ signal, codecs: allCodecs(), known, onProgress });
  } finally {
    bar.stop();
  }
}

/** Says what a delta holds, and what was done with it. */
export async function showDelta(
  delta: string | Folder,
  { report }: Run,
  { action, trust = {}, done = [] }: { action: string; trust?: TrustOptions; done?: readonly string[] },
): Promise<void> {
  const found = await inspect(delta, trust);
  for (const line of [...deltaLines(found), ...done]) report.say(line);
  report.result({ action, ...found });
}
