import { oneLine } from '@peftjs/safetensors';

/** What is wrong with an adapter folder, on one line that names the folder or file. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';

  constructor(message: string, options?: { readonly cause: unknown }) {
    super(`[peftjs/checkpoint] ${oneLine(message)}`, options);
  }
}
