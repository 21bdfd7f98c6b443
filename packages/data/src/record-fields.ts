/** The fields of a record: what is taken as text, and the errors about those that are wrong. */
import { nearest } from './nearest.ts';

/** The error about a field that is not known. */
export function unknownField(name: string, known: readonly string[], origin: string): Error {
  const near = nearest(name, known);
  const advice = near === null ? `known are ${quoted(known)}` : `nearest: "${near}"`;
  return new Error(
    `[peftjs/data] ${origin} has the unknown field "${name}"; ${advice}. Rename it with \`fields\`, or set \`ignoreOthers\``,
  );
}

export function textOf(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`[peftjs/data] ${where} is ${described(value)}, not text`);
}

/** What a value is, in words. */
export function described(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'missing' : `a ${typeof value}`;
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
