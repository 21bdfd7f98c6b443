/** JSON objects as files: keys sorted and indented by two, as PEFT writes them. */
import { type ByteSource, isJsonObject, parseStrictJson } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';

/** A value of a JSON file. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Reads a file that holds one JSON object. */
export async function readJsonObject(source: ByteSource): Promise<{ readonly [key: string]: Json }> {
  const fault = (message: string, cause?: unknown) => new CheckpointError(`${source.name} ${message}`, { cause });
  const value = parseStrictJson(await source.read(0, source.size), fault);
  if (!isJsonObject(value)) throw fault('is not a JSON object');
  return value as { readonly [key: string]: Json };
}

/** The bytes of a file that holds `value`. `file` names it where a number in it is not finite, which JSON cannot say. */
export function encodeJson(value: Json, file: string): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(sortKeys(value, file), null, 2)}\n`);
}

function sortKeys(value: Json, file: string): Json {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new CheckpointError(`${file} cannot hold ${value}`);
  if (Array.isArray(value)) return value.map((item) => sortKeys(item, file));
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(pairs.map(([key, item]) => [key, sortKeys(item, file)]));
}
