// The private key in a file that an option names.
import { readFile } from 'node:fs/promises';
import { UsageError } from '../usage-error.ts';

export async function readPrivateKey(option: string, path: string): Promise<string> {
  const found = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new UsageError(`--${option} ${path} cannot be read: ${cause.message}`, { cause });
  });
  if (found.startsWith('ed25519:'))
    throw new UsageError(
      `--${option} ${path} is a public key; signing takes the private one, which peftjs keys has made`,
    );
  return found;
}
