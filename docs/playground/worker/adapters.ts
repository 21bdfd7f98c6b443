// Adapters that are there already: of an earlier run, or from files that were picked or dropped.
import { type Folder, loadAdapter, memoryFolder } from '@peftjs/checkpoint';
import { type Adapter, restore } from '@peftjs/core';
import { unzipSync } from 'fflate';
import { adapterFolder } from '../run-store.ts';
import { FAMILIES } from './make-method.ts';
import { replaceAdapter } from './session.ts';

/** Where an adapter comes from. */
export type AdapterSource =
  | { readonly from: 'run'; readonly id: string }
  | { readonly from: 'files'; readonly name: string; readonly files: readonly File[] };

export interface AdapterFacts {
  /** PEFT's name of its method, such as `LORA`. */
  readonly type: string;
  readonly parameters: number;
  /** Whether it can count for less or more than it was trained for. */
  readonly scalable: boolean;
}

export async function useAdapter(source: AdapterSource): Promise<AdapterFacts> {
  const folder = source.from === 'run' ? adapterFolder(source.id) : await folderOf(source.name, source.files);
  const record = await loadAdapter(folder);
  return factsOf(await replaceAdapter((model) => restore(model, record, FAMILIES)));
}

export function factsOf(adapter: Adapter): AdapterFacts {
  const parameters = adapter.parameters.reduce(
    (sum, { trainable, variable }) => sum + (trainable ? variable.size : 0),
    0,
  );
  return { type: adapter.methods[0].type, parameters, scalable: isScalable(adapter) };
}

/** What a prompt adds to the sequence is there or is not; all else can count by a share. */
function isScalable({ attachments }: Adapter): boolean {
  return attachments.every(({ site }) => site.kind !== 'sequence');
}

/** A zip, or the files of a folder. */
async function folderOf(name: string, files: readonly File[]): Promise<Folder> {
  const bytes = async (file: File): Promise<Uint8Array> => new Uint8Array(await file.arrayBuffer());
  const [first] = files;
  if (files.length === 1 && first?.name.endsWith('.zip')) return memoryFolder(unzip(name, await bytes(first)), name);
  const pairs = files.map(async (file) => [file.name, await bytes(file)] as const);
  return memoryFolder(await Promise.all(pairs), name);
}

/** The files of a zip, without the folders they lie in. */
function unzip(name: string, bytes: Uint8Array): [string, Uint8Array][] {
  try {
    const entries = Object.entries(unzipSync(bytes)).filter(([path]) => !path.endsWith('/'));
    return entries.map(([path, content]) => [path.slice(path.lastIndexOf('/') + 1), content]);
  } catch (cause) {
    throw new Error(`${name} is no zip file: ${(cause as Error).message}`, { cause });
  }
}
