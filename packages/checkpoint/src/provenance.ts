/** Where an adapter, a delta or a model came from: the record that all three carry, in the same form. */
import { isJsonObject } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';
import type { Json } from './json-file.ts';

/** Kept in `peftjs.json` beside the files it speaks of, where Python ignores it. Hashes are `sha256:` and 64 digits. */
export interface Provenance {
  /** The base model: its name, and the fingerprint of its weights (see `fingerprint`). */
  readonly base: { readonly name: string; readonly fingerprint: string };
  /** Fingerprint of the model that comes out: of a delta, and of a model trained whole. */
  readonly result?: string;
  /** Hashes of the adapters and deltas that it was made of (see `recordOf`). */
  readonly parents?: readonly string[];
  /** Hash of `tokenizer.json`. */
  readonly tokenizer?: string;
  /** Digest of the training data. */
  readonly data?: string;
  /** The options that decided the numbers. */
  readonly recipe?: { readonly [key: string]: Json };
  readonly seeds?: { readonly [name: string]: number };
  /** Versions of packages and of the runtime. */
  readonly versions?: { readonly [name: string]: string };
  readonly backend?: string;
  readonly device?: string;
  readonly metrics?: { readonly [name: string]: number };
  /** As the hub names it, such as `apache-2.0`. */
  readonly license?: string;
  readonly author?: string;
}

/** What is known of an adapter, delta or model besides its base and what comes out. */
export type Story = Omit<Provenance, 'base' | 'result'>;

interface Field {
  readonly label: string;
  /** What it must be. */
  readonly holds: string;
  readonly is: (value: unknown) => boolean;
}

const isText = (value: unknown) => typeof value === 'string';
const record = (is: (value: unknown) => boolean) => (value: unknown) =>
  isJsonObject(value) && Object.values(value).every(is);
const text = { holds: 'a text', is: isText };
const hash = { holds: 'a hash', is: (value: unknown) => isText(value) && /^sha256:[0-9a-f]+$/.test(value as string) };
const texts = { holds: 'an object of texts', is: record(isText) };
const numbers = { holds: 'an object of numbers', is: record((value) => typeof value === 'number') };

/** Every field but the base, in the order in which it is shown. */
const FIELDS: { readonly [K in keyof Omit<Required<Provenance>, 'base'>]: Field } = {
  author: { label: 'Author', ...text },
  license: { label: 'License', ...text },
  result: { label: 'Gives', ...hash },
  parents: { label: 'Parents', holds: 'a list of hashes', is: (value) => Array.isArray(value) && value.every(hash.is) },
  tokenizer: { label: 'Tokenizer', ...hash },
  data: { label: 'Data', ...hash },
  backend: { label: 'Backend', ...text },
  device: { label: 'Device', ...text },
  seeds: { label: 'Seeds', ...numbers },
  metrics: { label: 'Metrics', ...numbers },
  recipe: { label: 'Recipe', holds: 'an object', is: isJsonObject },
  versions: { label: 'Versions', ...texts },
};

/** What `file` says as a provenance. A field that is not known is kept: a later version may have written it. */
export function parseProvenance(value: unknown, file: string): Provenance | null {
  if (value === null) return null;
  const base = isJsonObject(value) ? value.base : undefined;
  if (!isJsonObject(base) || typeof base.name !== 'string' || typeof base.fingerprint !== 'string') {
    throw new CheckpointError(`${file} has a provenance without the name and fingerprint of a base`);
  }
  const said = value as { readonly [key: string]: unknown };
  for (const [key, { holds, is }] of Object.entries(FIELDS)) {
    if (!(key in said) || is(said[key])) continue;
    throw new CheckpointError(`${file}: ${key} is ${JSON.stringify(said[key])}; expected ${holds}`);
  }
  return said as unknown as Provenance;
}

/** A field as people read it: a text, or the entries of an object. */
export interface ProvenanceRow {
  readonly label: string;
  readonly value: string | readonly (readonly [key: string, value: string])[];
}

/** Every field that says something, the base first. */
export function provenanceRows(provenance: Provenance): readonly ProvenanceRow[] {
  const written = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const said = provenance as unknown as { readonly [key: string]: unknown };
  const { name, fingerprint } = provenance.base;
  const rows: ProvenanceRow[] = [
    { label: 'Base model', value: name },
    { label: 'Base fingerprint', value: fingerprint },
  ];
  for (const [key, { label }] of Object.entries(FIELDS)) {
    const value = said[key];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (Array.isArray(value)) rows.push({ label, value: value.map(written).join(', ') });
    else if (!isJsonObject(value)) rows.push({ label, value: written(value) });
    else rows.push({ label, value: Object.entries(value).map(([name, one]) => [name, written(one)] as const) });
  }
  return rows;
}
