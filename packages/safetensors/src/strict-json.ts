/**
 * JSON as files of tensors may hold it: UTF-8, and no key twice in one object. `JSON.parse` keeps the last of two equal
 * keys without a word, so that two readers of one file could see different tensors.
 */
import { quote } from './safetensors-error.ts';

/** Makes the error from what is wrong with the text: `is not JSON: ...`. */
export type JsonFault = (message: string, cause?: unknown) => Error;

/** Parses `bytes` as JSON; throws what `fault` makes. */
export function parseStrictJson(bytes: Uint8Array, fault: JsonFault): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw fault('is not UTF-8', cause);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fault(`is not JSON: ${reason}`, cause);
  }
  const twice = duplicateKey(text);
  if (twice !== null) throw fault(`has the key ${quote(twice)} twice`);
  return value;
}

/** Whether `value` is a JSON object. */
export function isJsonObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** First key that an object of `text` has twice. `text` must be valid JSON, so a string before a colon is a key. */
function duplicateKey(text: string): string | null {
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{') open.push(new Set());
    else if (c === '[') open.push(null);
    else if (c === '}' || c === ']') open.pop();
    else if (c === '"') {
      const end = stringEnd(text, i);
      const keys = open.at(-1);
      if (keys && followedByColon(text, end)) {
        const raw = text.slice(i, end);
        const key: string = raw.includes('\\') ? JSON.parse(raw) : raw.slice(1, -1);
        if (keys.has(key)) return key;
        keys.add(key);
      }
      i = end - 1;
    }
  }
  return null;
}

/** Index after the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  let quoteAt = text.indexOf('"', start + 1);
  for (;;) {
    let backslashes = 0;
    while (text[quoteAt - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quoteAt + 1;
    quoteAt = text.indexOf('"', quoteAt + 1);
  }
}

function followedByColon(text: string, at: number): boolean {
  let i = at;
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++;
  return text[i] === ':';
}
