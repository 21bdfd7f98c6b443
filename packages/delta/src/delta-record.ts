// What a delta says of where it came from: `peftjs.json` and a model card, in the form that adapters have them.
import {
  CARD_FILE,
  checkDigest,
  contentHash,
  digest,
  encodeProvenance,
  type FileContent,
  type Folder,
  foreignCard,
  modelCard,
  PROVENANCE_FILE,
  type Provenance,
  readProvenance,
  type Story,
} from '@peftjs/checkpoint';
import { quote } from '@peftjs/safetensors';
import { DeltaError } from './delta-error.ts';
import { MANIFEST_FILE, type Manifest } from './manifest.ts';

/** A manifest and its bytes, as they were written. */
export interface WrittenManifest {
  readonly manifest: Manifest;
  readonly json: Uint8Array;
}

/** The files of the record, to be written after the manifest. */
export async function recordFiles(
  folder: Folder,
  written: () => WrittenManifest,
  story: (manifest: Manifest) => Story,
): Promise<ReadonlyMap<string, FileContent>> {
  const kept = await foreignCard(folder);
  const about = () => {
    const { manifest } = written();
    const { base, tuned } = manifest;
    return {
      base: { name: base.name, fingerprint: base.fingerprint },
      result: tuned.fingerprint,
      ...story(manifest),
    };
  };
  const card = () => new TextEncoder().encode(cardOf(about()));
  async function* cardBytes() {
    yield kept ?? card();
  }
  async function* record() {
    const files = new Map([
      [MANIFEST_FILE, await digest(written().json)],
      [CARD_FILE, await digest(card())],
    ]);
    yield encodeProvenance({ kind: 'delta', provenance: about(), files });
  }
  return new Map([
    [CARD_FILE, cardBytes()],
    [PROVENANCE_FILE, record()],
  ]);
}

function cardOf(provenance: Provenance): string {
  const base = provenance.base.name;
  return modelCard({
    title: `Fine-tuned ${base.replace(/\s+/g, ' ')}, as its difference`,
    lead: 'What is stored is the change from the base model, tensor by tensor, to be applied by peftjs.',
    base,
    relation: 'finetune',
    library: 'peftjs',
    tags: ['delta'],
    facts: [],
    provenance,
    usage: ['```sh', 'peftjs delta apply --base BASE --delta THIS_FOLDER --out TUNED', '```'],
  });
}

/** What an open delta has of it. */
export interface DeltaRecord {
  /** Names the delta: the hash of its manifest, which has the hash of every chunk. */
  readonly hash: string;
  /** Null where the folder says nothing. */
  readonly provenance: Provenance | null;
}

/** @throws where `peftjs.json` speaks of another manifest, base or result */
export async function readRecord(folder: Folder, { manifest, json }: WrittenManifest): Promise<DeltaRecord> {
  const at = `${folder.location}/${PROVENANCE_FILE}`;
  const hash = await contentHash([[MANIFEST_FILE, await digest(json)]]);
  const said = await readProvenance(folder);
  if (said === null) return { hash, provenance: null };
  if (said.kind !== 'delta')
    throw new DeltaError(`${at} is of the kind ${quote(said.kind)}; it belongs to another folder`);
  await checkDigest(said, MANIFEST_FILE, json, `${folder.location}/${MANIFEST_FILE}`);
  const { provenance } = said;
  for (const [what, told, is] of [
    ['base', provenance?.base.fingerprint, manifest.base.fingerprint],
    ['result', provenance?.result, manifest.tuned.fingerprint],
  ] as const) {
    if (told === undefined || told === is) continue;
    throw new DeltaError(`${at} gives the ${what} the fingerprint ${quote(told)}, ${MANIFEST_FILE} has ${is}`);
  }
  return { hash, provenance };
}

/** What a record says besides the base and what comes out. */
export function storyIn(provenance: Provenance | null): Story {
  if (provenance === null) return {};
  const { base: _, result: __, ...story } = provenance;
  return story;
}

/**
 * The story of a tuned model, from its own folder: believed where it speaks of these weights. Where a delta does not give
 * every bit of them, the metrics are another model's.
 */
export async function storyOf(folder: Folder): Promise<(manifest: Manifest) => Story> {
  const said = await readProvenance(folder);
  return ({ original, tuned }) => {
    if (said?.kind !== 'model' || said.provenance?.result !== original) return {};
    const { metrics, ...story } = storyIn(said.provenance);
    return metrics && original === tuned.fingerprint ? { ...story, metrics } : story;
  };
}
