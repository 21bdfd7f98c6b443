import type { Folder } from '@peftjs/checkpoint';
import { codecsFor } from './codec-for.ts';
import { openDelta, payloadsOf } from './open-delta.ts';
import { pauseFor } from './pause.ts';
import { FORWARD, prepare, type RestoreOptions, restored, wantedOf } from './restore-model.ts';

export interface VerifyOptions extends RestoreOptions {
  /** Checked too, with what applying the delta to it gives. */
  readonly base?: string | Folder | undefined;
}

/**
 * Checks a delta without writing anything: its manifest, every chunk, and with `base` that applying it gives what it says.
 *
 * @throws naming what is wrong
 */
export async function verify(delta: string | Folder, options: VerifyOptions = {}): Promise<void> {
  const pause = pauseFor(options.signal);
  const opened = await openDelta(delta, options);
  const codecFor = codecsFor(opened, options.codecs);
  for (const [section, name, slot, { parts }] of payloadsOf(opened.manifest)) {
    const stored = opened.stored(section, name, slot);
    for (const part of Object.keys(parts)) {
      const { chunks, chunk } = stored.part(part);
      for (let i = 0; i < chunks; i++) {
        await pause();
        await chunk(i);
      }
    }
  }
  if (options.base === undefined) return;
  const run = await prepare(FORWARD, options.base, opened, codecFor, pause, options);
  for (const [section, name] of wantedOf(run)) {
    for await (const _ of restored(run, section, name)) await pause();
  }
}
