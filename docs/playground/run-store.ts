// Where runs are kept in this browser: each has a part of the store, with its record, the state it goes on from, and its
// adapter.
import { indexedDb, type WebStore, webFolder } from '@peftjs/browser';
import type { WritableFolder } from '@peftjs/checkpoint';
import type { RunRecord } from './run-record.ts';

const store = indexedDb('peftjs-playground');
const RECORD = '/record.json';

/** What of the store belongs to a run. */
function partOf(id: string): WebStore {
  const inside = (path: string): string => `${id}/${path}`;
  return {
    location: `${store.location}/${id}`,
    get: (path) => store.get(inside(path)),
    put: (path, bytes) => store.put(inside(path), bytes),
    delete: (path) => store.delete(inside(path)),
    list: async (prefix) => (await store.list(inside(prefix))).map((path) => path.slice(inside('').length)),
  };
}

export const stateFolder = (id: string): WritableFolder => webFolder('state', partOf(id));
export const adapterFolder = (id: string): WritableFolder => webFolder('adapter', partOf(id));

export async function keepRecord(record: RunRecord): Promise<void> {
  await store.put(record.id + RECORD, new Blob([JSON.stringify(record)]));
}

/** The record as a tab kept it last, or null where the run has none yet. */
export async function readRecord(id: string): Promise<RunRecord | null> {
  const kept = await store.get(id + RECORD);
  return kept === null ? null : JSON.parse(await kept.text());
}

/** The records of all runs, the oldest first. */
export async function readRecords(): Promise<RunRecord[]> {
  const paths = (await store.list('')).filter((path) => path.endsWith(RECORD));
  const records = await Promise.all(paths.map((path) => readRecord(path.slice(0, -RECORD.length))));
  return records.filter((record) => record !== null).sort((a, b) => a.started - b.started);
}

/** Deletes a run with all that is kept of it; all runs, where none is named. */
export async function deleteRuns(id?: string): Promise<void> {
  for (const path of await store.list(id === undefined ? '' : `${id}/`)) await store.delete(path);
}

/** Bytes that all runs take. */
export async function keptBytes(): Promise<number> {
  let sum = 0;
  for (const path of await store.list('')) sum += (await store.get(path))?.size ?? 0;
  return sum;
}
