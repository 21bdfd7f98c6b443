/** `peftjs.json`: where an adapter, a delta or a model came from, and the SHA-256 of the files that it speaks of. */
import { isJsonObject } from '@peftjs/safetensors';
import { PROVENANCE_FILE } from './adapter-files.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { Folder } from './folder.ts';
import { encodeJson, type Json, readJsonObject } from './json-file.ts';
import { type Provenance, parseProvenance } from './provenance.ts';
import { sha256 } from './sha256.ts';

const FORMAT = 1;
const KINDS = ['adapter', 'delta', 'model'] as const;

/** What a folder holds. */
export type FolderKind = (typeof KINDS)[number];

/** What `peftjs.json` says. */
export interface ProvenanceFile {
  readonly kind: FolderKind;
  readonly provenance: Provenance | null;
  /** `sha256:...` of each file as it was saved. */
  readonly files: ReadonlyMap<string, string>;
}

/** The content of `peftjs.json`. */
export function encodeProvenance({ kind, provenance, files }: ProvenanceFile): Uint8Array {
  const value = { format: FORMAT, kind, provenance: provenance as Json, files: Object.fromEntries(files) };
  return encodeJson(value, PROVENANCE_FILE);
}

/** Reads `peftjs.json`; null where the folder has none, as one from Python. */
export async function readProvenance(folder: Folder): Promise<ProvenanceFile | null> {
  const source = await folder.open(PROVENANCE_FILE);
  if (!source) return null;
  // What was written before there were kinds is of an adapter.
  const { format, kind = 'adapter', provenance = null, files } = await readJsonObject(source);
  if (format !== FORMAT) {
    throw new CheckpointError(`${source.name} has format ${JSON.stringify(format)}, this version reads ${FORMAT}`);
  }
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) {
    throw new CheckpointError(`${source.name} has the kind ${JSON.stringify(kind)}; expected ${KINDS.join(', ')}`);
  }
  const digests = Object.entries(isJsonObject(files) ? files : {});
  return {
    kind: known,
    provenance: parseProvenance(provenance, source.name),
    files: new Map(digests.filter((pair): pair is [string, string] => typeof pair[1] === 'string')),
  };
}

/** Throws where `bytes` are not those of which `record` speaks: damaged, or written by another tool since. */
export async function checkDigest(
  record: ProvenanceFile,
  name: string,
  bytes: Uint8Array,
  file: string,
): Promise<void> {
  const expected = record.files.get(name);
  const found = await digest(bytes);
  if (expected === found) return;
  throw new CheckpointError(
    `${file} has ${found}, but ${PROVENANCE_FILE} says ${expected ?? 'nothing of it'}: it was damaged, ` +
      `or changed on purpose; in that case delete ${PROVENANCE_FILE}, which no longer speaks of it`,
  );
}

/** `sha256:` and the digest, as files name it. */
export async function digest(bytes: Uint8Array): Promise<string> {
  return `sha256:${await sha256(bytes)}`;
}
