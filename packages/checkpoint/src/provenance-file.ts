/** `peftjs.json`: where an adapter came from, and the SHA-256 of the files that it speaks of. */
import { isJsonObject } from '@peftjs/safetensors';
import { PROVENANCE_FILE } from './adapter-files.ts';
import type { Json, Provenance } from './adapter-record.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { Folder } from './folder.ts';
import { encodeJson, readJsonObject } from './json-file.ts';
import { sha256 } from './sha256.ts';

const FORMAT = 1;

/** What `peftjs.json` says. */
export interface ProvenanceFile {
  readonly provenance: Provenance | null;
  /** `sha256:...` of each file as it was saved. */
  readonly files: ReadonlyMap<string, string>;
}

/** The content of `peftjs.json` beside `files`. */
export async function encodeProvenance(
  provenance: Provenance | null,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Uint8Array> {
  const digests: Record<string, string> = {};
  for (const [name, bytes] of files) digests[name] = await digest(bytes);
  return encodeJson({ format: FORMAT, provenance: provenance as Json, files: digests }, PROVENANCE_FILE);
}

/** Reads `peftjs.json`; null where the folder has none, as one from Python. */
export async function readProvenance(folder: Folder): Promise<ProvenanceFile | null> {
  const source = await folder.open(PROVENANCE_FILE);
  if (!source) return null;
  const { format, provenance, files } = await readJsonObject(source);
  if (format !== FORMAT) {
    throw new CheckpointError(`${source.name} has format ${JSON.stringify(format)}, this version reads ${FORMAT}`);
  }
  const digests = Object.entries(isJsonObject(files) ? files : {});
  return {
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

function parseProvenance(value: unknown, file: string): Provenance | null {
  if (value === null) return null;
  const base = isJsonObject(value) ? value.base : undefined;
  if (!isJsonObject(base) || typeof base.name !== 'string' || typeof base.fingerprint !== 'string') {
    throw new CheckpointError(`${file} has a provenance without the name and fingerprint of a base`);
  }
  return value as unknown as Provenance;
}
