// Whose signature a folder must have: public keys, or files of them, from the option or the environment.
import { readFile } from 'node:fs/promises';
import { normalKey, type TrustOptions } from '@peftjs/checkpoint';
import { type Option, texts } from '../option.ts';
import { UsageError } from '../usage-error.ts';

export interface TrustValues {
  readonly trusted: readonly string[] | undefined;
}

const ABOUT =
  'a public key that must have signed what is read, or a file of such keys; of several, one. PEFTJS_TRUSTED names a file when left out';

export const trustOption: { readonly [K in keyof TrustValues]: Option<TrustValues[K]> } = {
  trusted: texts('KEY', ABOUT),
};

/** @throws UsageError where a key is none, or a file has none */
export async function trustOf({ trusted }: TrustValues): Promise<TrustOptions> {
  const { PEFTJS_TRUSTED: file } = process.env;
  const given = trusted ?? (file ? [file] : undefined);
  if (given === undefined) return {};
  const keys: string[] = [];
  for (const one of given) keys.push(...(one.startsWith('ed25519:') ? [one] : await keysIn(one)));
  return { trusted: keys.map(checked) };
}

/** A key a line; `#` begins a comment. */
async function keysIn(path: string): Promise<readonly string[]> {
  const content = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new UsageError(`--trusted ${path} is no key, and no file of them: ${cause.message}`, { cause });
  });
  const lines = content.split('\n').map((line) => line.replace(/#.*/, '').trim());
  const keys = lines.filter((line) => line !== '');
  if (keys.length === 0) throw new UsageError(`--trusted ${path} has no key; a line is ed25519: and base64`);
  return keys;
}

function checked(key: string): string {
  try {
    return normalKey(key);
  } catch (cause) {
    throw new UsageError((cause as Error).message.replace('[peftjs/checkpoint] ', ''), { cause });
  }
}
