// Models of a few numbers, in memory.
import { type MemoryFolder, memoryFolder } from '@peftjs/checkpoint';
import { type TensorToWrite, writeSafetensors } from '@peftjs/safetensors';

export type Tensors = Readonly<Record<string, Omit<TensorToWrite, 'name'>>>;

/** The same numbers for the same seed, in [-1, 1). */
export function numbers(seed: number, count: number): Float32Array {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function listed(tensors: Tensors): readonly TensorToWrite[] {
  return Object.entries(tensors).map(([name, tensor]) => ({ name, ...tensor }));
}

/** A model's folder. */
export function model(
  tensors: Tensors,
  files: Readonly<Record<string, string>> = {},
  location = 'model',
): MemoryFolder {
  const others = Object.entries(files).map(([name, value]) => [name, text(value)] as const);
  return memoryFolder(
    [['model.safetensors', writeSafetensors(listed(tensors), { format: 'pt' })], ...others],
    location,
  );
}

/** A base and what was made of it: tensors that stayed, changed, grew, changed their type, came and went; files too. */
export function pair(): { readonly base: MemoryFolder; readonly tuned: MemoryFolder } {
  const w = numbers(1, 48);
  const near = w.map((v, i) => v + 1e-3 * Math.sin(i));
  const base: Tensors = {
    'a.weight': { dtype: 'F16', shape: [6, 8], data: w },
    'b.weight': { dtype: 'BF16', shape: [48], data: w },
    'c.weight': { dtype: 'F32', shape: [4, 12], data: w },
    'embed.weight': { dtype: 'F16', shape: [4, 3], data: w.slice(0, 12) },
    ids: { dtype: 'I64', shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) },
    'kept.weight': { dtype: 'F32', shape: [3], data: w.slice(0, 3) },
    'gone.weight': { dtype: 'F32', shape: [2], data: w.slice(0, 2) },
    'cast.weight': { dtype: 'F32', shape: [5], data: w.slice(0, 5) },
  };
  const { 'gone.weight': _, ...rest } = base;
  const tuned: Tensors = {
    ...rest,
    'a.weight': { dtype: 'F16', shape: [6, 8], data: near },
    'b.weight': { dtype: 'BF16', shape: [48], data: near },
    'c.weight': { dtype: 'F32', shape: [4, 12], data: near },
    'embed.weight': { dtype: 'F16', shape: [5, 3], data: numbers(2, 15) },
    ids: { dtype: 'I64', shape: [2], data: BigInt64Array.of(5n, -7n) },
    'cast.weight': { dtype: 'F16', shape: [5], data: w.slice(0, 5) },
    'head.weight': { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) },
  };
  const files = { 'config.json': '{"vocab_size":4}', 'tokenizer.json': '{}', 'old.json': '1' };
  return {
    base: model(base, files, 'base'),
    tuned: model(tuned, { 'config.json': '{"vocab_size":5}', 'tokenizer.json': '{}', 'new.json': '22' }, 'tuned'),
  };
}
