/** What an adapter, a delta or a model says of itself, without its numbers being read: who it is and what it was made of. */
import { CARD_FILE, CONFIG_FILE, WEIGHTS_FILE } from './adapter-files.ts';
import { diskFolder } from './disk-folder.ts';
import type { Folder } from './folder.ts';
import { readJsonObject } from './json-file.ts';
import type { Provenance } from './provenance.ts';
import { digest, type FolderKind, readProvenance } from './provenance-file.ts';
import { sha256 } from './sha256.ts';

/** The parts of a record that lineage needs. A registry has them too, of folders that are not here. */
export interface FolderRecord {
  /** A path, a URL, or what a registry calls it. */
  readonly location: string;
  readonly kind: FolderKind;
  /** Names an adapter or a delta by its content (see `contentHash`); null of a model, whose name is its `result`. */
  readonly hash: string | null;
  /** The base as far as it is known: an adapter from Python says its name at most. */
  readonly base: { readonly name: string; readonly fingerprint: string | null } | null;
  readonly result: string | null;
  readonly parents: readonly string[];
}

/** A folder's record and all that it says of where it came from. */
export interface FoundRecord extends FolderRecord {
  readonly provenance: Provenance | null;
}

/**
 * `sha256:` and the SHA-256 of one line for each file that makes up an adapter or a delta, sorted by name: the JSON list
 * `[name, SHA-256 of the bytes]`. The card and `peftjs.json` are no part of it.
 *
 * @param files `sha256:...` of each file
 */
export async function contentHash(files: Iterable<readonly [name: string, digest: string]>): Promise<string> {
  const content = [...files].filter(([name]) => name !== CARD_FILE).sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = content.map((pair) => `${JSON.stringify(pair)}\n`);
  return `sha256:${await sha256(new TextEncoder().encode(lines.join('')))}`;
}

/**
 * Reads what a folder says of itself; null where it says nothing and is no adapter. The files are not checked against it:
 * loading does that.
 */
export async function recordOf(source: string | Folder): Promise<FoundRecord | null> {
  const folder = typeof source === 'string' ? diskFolder(source) : source;
  const said = await readProvenance(folder);
  if (said === null) return unsaidRecord(folder);
  const { kind, provenance, files } = said;
  return {
    location: folder.location,
    kind,
    hash: kind === 'model' ? null : await contentHash(files),
    base: provenance?.base ?? (await namedBase(folder)),
    result: provenance?.result ?? null,
    parents: provenance?.parents ?? [],
    provenance,
  };
}

/** Of an adapter from Python. */
async function unsaidRecord(folder: Folder): Promise<FoundRecord | null> {
  const files: [string, string][] = [];
  for (const name of [CONFIG_FILE, WEIGHTS_FILE]) {
    const source = await folder.open(name);
    if (source === null) return null;
    files.push([name, await digest(await source.read(0, source.size))]);
  }
  const base = await namedBase(folder);
  const hash = await contentHash(files);
  return { location: folder.location, kind: 'adapter', hash, base, result: null, parents: [], provenance: null };
}

async function namedBase(folder: Folder): Promise<FolderRecord['base']> {
  const source = await folder.open(CONFIG_FILE);
  if (source === null) return null;
  const { base_model_name_or_path: name } = await readJsonObject(source);
  return typeof name === 'string' && name !== '' ? { name, fingerprint: null } : null;
}
