// Values of a GGUF file's metadata: what is missing or of another kind is an error that names the key.
import { nearest } from '@peftjs/core';
import type { GgufFile, MetadataValue } from '@peftjs/gguf';

/** @throws where it is no number, or missing without a `fallback` */
export function ggufNumber(file: GgufFile, key: string, fallback?: number): number {
  const value = file.metadata.get(key) ?? fallback;
  if (typeof value === 'number') return value;
  throw wrong(file, key, value, 'a number is needed');
}

/** @throws where it is no text, or missing without a `fallback` */
export function ggufText(file: GgufFile, key: string, fallback?: string): string {
  const value = file.metadata.get(key) ?? fallback;
  if (typeof value === 'string') return value;
  throw wrong(file, key, value, 'text is needed');
}

/** @throws where it is no list of so many values of that kind, or missing */
export function ggufList<T extends string | number>(
  file: GgufFile,
  key: string,
  kind: 'string' | 'number',
): readonly T[] {
  const value = file.metadata.get(key);
  if (Array.isArray(value) && value.every((one) => typeof one === kind)) return value as readonly T[];
  throw wrong(file, key, value, `a list of ${kind}s is needed`);
}

/** @throws where it is none of these names */
export function ggufChoice(file: GgufFile, key: string, names: readonly string[]): string {
  const name = ggufText(file, key);
  if (names.includes(name)) return name;
  throw new Error(
    `[peftjs/models] ${file.name}: "${key}" is ${JSON.stringify(name.slice(0, 40))}, which is not supported${nearest(name, names)}; known here: ${names.join(', ')}`,
  );
}

function wrong({ name, metadata }: GgufFile, key: string, found: MetadataValue | undefined, need: string): Error {
  if (found === undefined)
    return new Error(`[peftjs/models] ${name} has no key "${key}"${nearest(key, metadata.keys())}`);
  const shown = typeof found === 'bigint' ? String(found) : JSON.stringify(found);
  return new Error(`[peftjs/models] ${name}: "${key}" is ${shown.slice(0, 40)}; ${need}`);
}
