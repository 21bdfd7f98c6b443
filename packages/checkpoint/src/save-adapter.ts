/** Writes an adapter as a PEFT folder: what Python loads, and beside it where the adapter came from. */
import { assertFinite, type Dtype, writeSafetensors } from '@peftjs/safetensors';
import { CARD_FILE, CONFIG_FILE, PROVENANCE_FILE, WEIGHTS_FILE } from './adapter-files.ts';
import type { AdapterRecord, SavedTensor } from './adapter-record.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { diskFolder } from './disk-folder.ts';
import type { WritableFolder } from './folder.ts';
import { encodeJson } from './json-file.ts';
import { adapterCard, foreignCard } from './model-card.ts';
import type { Story } from './provenance.ts';
import { digest, encodeProvenance } from './provenance-file.ts';

/** Something that can say what is to be saved of it, such as an attached adapter. */
export interface AdapterSource {
  snapshot(): Promise<AdapterRecord>;
}

export interface SaveAdapterOptions {
  /** How the values are stored. F16 and BF16 round to the nearest. */
  readonly dtype?: 'F32' | 'F16' | 'BF16';
  /** What is known of the adapter besides its base: license, author, data, parents. Of an adapter whose base is known. */
  readonly story?: Story;
}

/** What was saved. */
export interface SavedAdapter {
  readonly location: string;
  /** Size of each file. */
  readonly files: ReadonlyMap<string, number>;
  /** Size of all of them. */
  readonly bytes: number;
}

/** From here on, rounding gives infinity. */
const OVERFLOW: Partial<Record<Dtype, number>> = { F16: 65520, BF16: (2 - 2 ** -8) * 2 ** 127 };

/**
 * Saves an adapter to `target`, a path or a folder, all or nothing: whatever fails, the adapter that was there is whole.
 * A `README.md` that somebody else wrote or changed is kept.
 *
 * @throws CheckpointError where the folder holds anything that is no part of an adapter, or cannot be written.
 * @throws SafetensorsError where a tensor holds NaN or infinity.
 * @example
 * await saveAdapter(notes, 'out/notes');
 */
export async function saveAdapter(
  source: AdapterSource | AdapterRecord,
  target: string | WritableFolder,
  { dtype = 'F32', story }: SaveAdapterOptions = {},
): Promise<SavedAdapter> {
  const folder = typeof target === 'string' ? diskFolder(target) : target;
  const given = 'snapshot' in source ? await source.snapshot() : source;
  if (story && given.provenance === null)
    throw new CheckpointError(`${folder.location}: an adapter that does not say its base can have no story`);
  const record = { ...given, provenance: given.provenance && { ...given.provenance, ...story } };
  if (typeof record.config.peft_type !== 'string') {
    throw new CheckpointError(`${folder.location}: the adapter's config has no peft_type`);
  }
  const weightsPath = `${folder.location}/${WEIGHTS_FILE}`;
  for (const tensor of record.tensors) checkValues(tensor, dtype, weightsPath);

  const generated = new Map([
    [CARD_FILE, new TextEncoder().encode(adapterCard(record))],
    [CONFIG_FILE, encodeJson(record.config, CONFIG_FILE)],
    [
      WEIGHTS_FILE,
      writeSafetensors(
        record.tensors.map(({ key, shape, data }) => ({ name: key, dtype, shape, data })),
        { format: 'pt' },
      ),
    ],
  ]);
  const digests = new Map<string, string>();
  for (const [name, bytes] of generated) digests.set(name, await digest(bytes));
  const about = encodeProvenance({ kind: 'adapter', provenance: record.provenance, files: digests });
  const files = new Map(generated).set(PROVENANCE_FILE, about);
  const card = await foreignCard(folder);
  if (card) files.set(CARD_FILE, card);
  await folder.replace(files);

  const sizes = new Map([...files].map(([name, { length }]) => [name, length]));
  return { location: folder.location, files: sizes, bytes: [...sizes.values()].reduce((a, b) => a + b) };
}

function checkValues({ key, data }: SavedTensor, dtype: Dtype, file: string): void {
  assertFinite(data, file, key);
  const limit = OVERFLOW[dtype];
  const large = limit === undefined ? undefined : data.find((value) => Math.abs(value) >= limit);
  if (large === undefined) return;
  throw new CheckpointError(
    `${file}: tensor ${JSON.stringify(key)} holds ${large}, too large for ${dtype}; save as F32`,
  );
}
