// `peftjs.json` in a model's folder, so that a delta to it, and its lineage, know where it came from.
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  diskFolder,
  encodeProvenance,
  fingerprintWeights,
  openWeights,
  PROVENANCE_FILE,
  type Provenance,
} from '@peftjs/checkpoint';

/** Writes the record of the model that `folder` holds, whole or not at all. */
export async function writeModelRecord(folder: string, provenance: Omit<Provenance, 'result'>): Promise<void> {
  const result = await fingerprintWeights(await openWeights(diskFolder(folder)));
  const record = encodeProvenance({ kind: 'model', provenance: { ...provenance, result }, files: new Map() });
  const aside = join(folder, `.${PROVENANCE_FILE}`);
  await writeFile(aside, record);
  await rename(aside, join(folder, PROVENANCE_FILE));
}
