import { oneLine } from '@peftjs/safetensors';

/** Why a delta does not go onto a loaded model, on one line. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';

  constructor(message: string) {
    super(`[peftjs/delta-runtime] ${oneLine(message)}`);
  }
}
