import { type ByteSource, openSafetensors } from '@peftjs/safetensors';
import { onDisk } from '../../testing/test/repository.ts';
import { openGguf } from '../src/index.ts';

const folder = onDisk('golden/gguf');

/** A file that golden/gguf_files.py made. */
export async function goldenFile(name: string, at: typeof folder = folder): Promise<ByteSource> {
  const file = await at.open(name);
  if (file === null) throw new Error(`${at.location} has no ${name}; run golden/gguf_files.py`);
  return { ...file, name };
}

/** Blocks of a type, and the numbers that the Python package gguf makes of them. */
export async function goldenBlocks(dtype: string, at: typeof folder = folder) {
  const [file, expected] = await Promise.all([goldenFile('blocks.gguf', at), goldenFile('blocks.safetensors', at)]);
  const [blocks, numbers] = await Promise.all([openGguf(file), openSafetensors(expected)]);
  const shape = numbers.tensors.get(dtype)?.shape as readonly [number, number];
  return { bytes: await blocks.read(dtype), shape, values: await numbers.readFloat32(dtype) };
}
