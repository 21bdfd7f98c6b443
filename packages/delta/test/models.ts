// Models of a few numbers, in memory.
import { type MemoryFolder, memoryFolder } from '@peftjs/checkpoint';
import { DTYPE_BITS, type Dtype, type TensorToWrite, writeSafetensors } from '@peftjs/safetensors';
import fc from 'fast-check';

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

const WIDTHS: readonly Dtype[] = ['BOOL', 'I8', 'F8_E4M3', 'F16', 'BF16', 'I16', 'F32', 'I32', 'F64', 'I64', 'C64'];

const tensors: fc.Arbitrary<Tensors> = fc
  .dictionary(
    fc.constantFrom('a', 'b', 'c', 'd.weight', 'tensors/x#change.bits'),
    fc
      .record({ dtype: fc.constantFrom(...WIDTHS), shape: fc.array(fc.nat(4), { maxLength: 3 }), seed: fc.nat(3) })
      .map(({ dtype, shape, seed }) => {
        const length = (shape.reduce((n, d) => n * d, 1) * DTYPE_BITS[dtype]) / 8;
        return { dtype, shape, data: new Uint8Array(numbers(seed + 1, Math.ceil(length / 4)).buffer).slice(0, length) };
      }),
  )
  .map((all) => ({ ...all }));

const files = fc.dictionary(
  fc.constantFrom('config.json', 'tokenizer.json', 'merges.txt'),
  fc.constantFrom('', '{}', '{"a":1}', '[]'),
);
/** A model of random bytes, and files beside it. */
export const someModel: fc.Arbitrary<{ readonly tensors: Tensors; readonly files: Readonly<Record<string, string>> }> =
  fc.record({ tensors, files });
