import { oneLine, quote } from '@peftjs/safetensors';

/** What is wrong with a file, on one line that names the file and, where there is one, the metadata's key or the tensor. */
export class GgufError extends Error {
  override readonly name = 'GgufError';
  /** Path or URL of the file at fault. */
  readonly file: string;

  constructor(file: string, message: string, about: { readonly key?: string; readonly tensor?: string } = {}) {
    const { key, tensor } = about;
    const what = tensor !== undefined ? `tensor ${quote(tensor)} ` : key !== undefined ? `key ${quote(key)} ` : '';
    super(`[peftjs/gguf] ${oneLine(file)}: ${what}${oneLine(message)}`);
    this.file = file;
  }
}
