import { oneLine } from '@peftjs/safetensors';

/** What is wrong with a delta or with what it is applied to, on one line. */
export class DeltaError extends Error {
  override readonly name = 'DeltaError';

  constructor(message: string, options?: { readonly cause: unknown }) {
    super(`[peftjs/delta] ${oneLine(message)}`, options);
  }
}
