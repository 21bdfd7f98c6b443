/** The header of a safetensors file: where each tensor lies, everything checked before any of it is believed. */
import { DTYPE_BITS, isDtype, tensorBytes } from './dtype.ts';
import { nearest } from './nearest.ts';
import { quote, SafetensorsError } from './safetensors-error.ts';
import type { TensorEntry } from './safetensors-file.ts';
import { isJsonObject, parseStrictJson } from './strict-json.ts';

/** Where the header stands in its file. */
export interface HeaderPlace {
  /** Path or URL, as errors show it. */
  readonly file: string;
  /** Bytes before the tensors: 8 and the header's length. */
  readonly dataStart: number;
  /** Length of the whole file in bytes. */
  readonly fileSize: number;
}

/** What a header says. */
export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Parses and checks the JSON of a header. */
export function parseHeader(json: Uint8Array, place: HeaderPlace): Header {
  const { file } = place;
  const header = parseStrictJson(json, (message, cause) => new SafetensorsError(file, `header ${message}`, { cause }));
  if (!isJsonObject(header)) throw new SafetensorsError(file, 'header is not a JSON object');
  let metadata: ReadonlyMap<string, string> = new Map();
  const entries: [string, TensorEntry][] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(value, file);
    else entries.push([name, parseEntry(name, value, place)]);
  }
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkLayout(entries, place);
  return { metadata, tensors: new Map(entries) };
}

/** Refuses names that are a trap for whoever keeps tensors in an object or prints them. */
export function checkTensorName(name: string, file: string): void {
  if (name === '__proto__') throw new SafetensorsError(file, 'has a name that is refused', { tensor: name });
  if (/\p{Cc}/u.test(name)) throw new SafetensorsError(file, 'has control characters in its name', { tensor: name });
}

function parseMetadata(value: unknown, file: string): ReadonlyMap<string, string> {
  if (!isJsonObject(value)) throw new SafetensorsError(file, '__metadata__ is not a JSON object');
  const metadata = new Map<string, string>();
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new SafetensorsError(file, `__metadata__ ${quote(key)} is not a string`);
    metadata.set(key, text);
  }
  return metadata;
}

function parseEntry(name: string, value: unknown, { file, dataStart, fileSize }: HeaderPlace): TensorEntry {
  checkTensorName(name, file);
  const fail = (message: string) => new SafetensorsError(file, message, { tensor: name });
  if (!isJsonObject(value)) throw fail('has no description (expected dtype, shape and data_offsets)');
  const dtype = value.dtype;
  if (!isDtype(dtype)) {
    const near = typeof dtype === 'string' && nearest(dtype, Object.keys(DTYPE_BITS));
    throw fail(`has the unknown dtype ${brief(dtype)}${near ? `; nearest: ${quote(near)}` : ''}`);
  }
  const shape = value.shape;
  if (!isSizes(shape)) throw fail(`has the shape ${brief(shape)} (expected a list of whole numbers)`);
  const offsets = value.data_offsets;
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw fail(`has the data_offsets ${brief(offsets)} (expected two whole numbers)`);
  }
  const [begin, end] = offsets as readonly [number, number];
  if (begin > end) throw fail(`ends at byte ${end}, before it begins at ${begin}`);
  const expected = tensorBytes(dtype, shape);
  if (expected === null) throw fail(`of dtype ${dtype} and shape ${brief(shape)} is not a whole number of bytes`);
  if (expected !== end - begin) {
    throw fail(
      `of dtype ${dtype} and shape ${brief(shape)} needs ${expected} bytes, its data_offsets span ${end - begin}`,
    );
  }
  if (end > fileSize - dataStart) {
    throw fail(`ends at byte ${end} of the data, but the file has ${fileSize - dataStart}: it is truncated`);
  }
  return { dtype, shape, file, begin: dataStart + begin, end: dataStart + end };
}

/** The tensors must fill the data without holes and overlaps, as the format demands: no byte has two meanings or none. */
function checkLayout(entries: readonly [string, TensorEntry][], { file, dataStart, fileSize }: HeaderPlace): void {
  let at = dataStart;
  let before = '';
  for (const [tensor, { begin, end }] of entries) {
    if (begin < at) throw new SafetensorsError(file, `overlaps tensor ${quote(before)}`, { tensor });
    if (begin > at) throw new SafetensorsError(file, `lies after a gap of ${begin - at} bytes`, { tensor });
    at = end;
    before = tensor;
  }
  if (at < fileSize) throw new SafetensorsError(file, `has ${fileSize - at} bytes after its last tensor`);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
