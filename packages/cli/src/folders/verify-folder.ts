// Whether a folder is what it was when it was saved, and signed.
import {
  diskFolder,
  fingerprintWeights,
  loadAdapter,
  openWeights,
  recordOf,
  type TrustOptions,
  verifySignature,
} from '@peftjs/checkpoint';
import { verify } from '@peftjs/delta';
import type { Run } from '../command.ts';
import { allCodecs } from '../options/delta-codecs.ts';
import { knownBases } from './known-bases.ts';
import { openFolder } from './open-folder.ts';
import { openDeltaFolder } from './show-folder.ts';

export interface FolderCheck extends TrustOptions {
  /** What a delta is applied to, without anything being written. */
  readonly base?: string | undefined;
}

export interface Verified {
  readonly kind: 'adapter' | 'delta' | 'model';
  /** The key that has signed it; null where it is not signed. */
  readonly signedBy: string | null;
  /** What was found to be right, in words. */
  readonly checked: readonly string[];
}

/** @throws naming what is not as it was */
export async function verifyFolder(path: string, run: Run, { base, ...trust }: FolderCheck): Promise<Verified> {
  const { signal } = run;
  const delta = await openDeltaFolder(path, run);
  const signature = await verifySignature(delta ?? path, trust);
  const signed = signature === null ? [] : [`every file is as ${signature.key} has signed it`];
  const signedBy = signature?.key ?? null;
  if (delta !== null) {
    const from = base === undefined ? undefined : await openFolder(base, run);
    await verify(delta, { ...trust, base: from, signal, codecs: allCodecs(), known: await knownBases() });
    const more = base === undefined ? '' : ', and what applying gives';
    return { kind: 'delta', signedBy, checked: [...signed, `every piece${more}`] };
  }
  const record = await recordOf(path);
  if (record?.kind === 'model') {
    const fingerprint = await fingerprintWeights(await openWeights(diskFolder(path)), { signal });
    if (record.result !== fingerprint)
      throw new Error(
        `[peftjs/cli] ${path} has the fingerprint ${fingerprint}, its peftjs.json speaks of ${record.result}: it was changed or damaged`,
      );
    return { kind: 'model', signedBy, checked: [...signed, 'every tensor'] };
  }
  const { provenance } = await loadAdapter(path, trust);
  const hashes =
    provenance === null ? 'every tensor is a number; no hashes are recorded' : 'every hash that was recorded';
  return { kind: 'adapter', signedBy, checked: [...signed, hashes] };
}
