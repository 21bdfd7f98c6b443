// The private key in a file that an option names.
import { readFile } from 'node:fs/promises';
import { UsageError } from '../usage-error.ts';

export async function readPrivateKey(option: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: Error) => {
    throw new UsageError(`--${option} ${path} cannot be read: ${cause.message}`, { cause });
  });
}
