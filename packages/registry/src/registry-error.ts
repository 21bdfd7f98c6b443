import { oneLine } from '@peftjs/safetensors';

/** What is wrong with a registry or with what is asked of it, on one line. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';

  constructor(message: string, options?: { readonly cause: unknown }) {
    super(`[peftjs/registry] ${oneLine(message)}`, options);
  }
}
