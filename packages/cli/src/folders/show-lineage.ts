// What a folder was made of, as a tree.
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type FolderRecord, lineageLines, lineageOf, recordOf } from '@peftjs/checkpoint';
import { listReleases, releaseRecords } from '@peftjs/registry';
import type { Run } from '../command.ts';

export interface LineagePlaces {
  /** Folders that are, or hold, adapters, deltas and models; those beside the folder are looked at, too. */
  readonly folders: readonly string[];
  readonly registry: string | undefined;
}

export async function showLineage(
  path: string,
  { folders, registry }: LineagePlaces,
  { report, signal }: Run,
  more: object = {},
): Promise<void> {
  const record = await recordOf(path);
  if (record === null)
    throw new Error(
      `[peftjs/cli] ${path} holds no adapter, and nothing that says where it came from; is the path right?`,
    );
  const known: FolderRecord[] = [];
  for (const folder of [...folders, dirname(resolve(path))]) known.push(...(await recordsIn(folder)));
  if (registry !== undefined) known.push(...releaseRecords(await listReleases(registry, { signal })));
  const lineage = lineageOf(record, known);
  for (const line of lineageLines(lineage)) report.say(line);
  report.result({ ...more, path, lineage });
}

/** Of a folder and those in it. One that cannot be read is passed over: it may be anything. */
async function recordsIn(folder: string): Promise<readonly FolderRecord[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const inside = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const records: FolderRecord[] = [];
  for (const one of [folder, ...inside]) {
    const record = await recordOf(one).catch(() => null);
    if (record !== null) records.push(record);
  }
  return records;
}
