import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteSource, memorySource, openSafetensors } from '@peftjs/safetensors';
import { openGguf } from '../src/index.ts';

/** A file that golden/gguf_files.py made. */
export async function goldenFile(name: string): Promise<ByteSource> {
  const path = join(import.meta.dirname, '../../../golden/gguf', name);
  return memorySource(name, new Uint8Array(await readFile(path)));
}

/** Blocks of a type, and the numbers that the Python package gguf makes of them. */
export async function goldenBlocks(dtype: string) {
  const [file, expected] = await Promise.all([goldenFile('blocks.gguf'), goldenFile('blocks.safetensors')]);
  const [blocks, numbers] = await Promise.all([openGguf(file), openSafetensors(expected)]);
  const shape = numbers.tensors.get(dtype)?.shape as readonly [number, number];
  return { bytes: await blocks.read(dtype), shape, values: await numbers.readFloat32(dtype) };
}
