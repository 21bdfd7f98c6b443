import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteSource, memorySource } from '@peftjs/safetensors';

/** A file that golden/gguf_files.py made. */
export async function goldenFile(name: string): Promise<ByteSource> {
  const path = join(import.meta.dirname, '../../../golden/gguf', name);
  return memorySource(name, new Uint8Array(await readFile(path)));
}
