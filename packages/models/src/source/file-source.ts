// Weights from files of named tensors, checked for shape and for numbers that are none.
import { largestTensor } from '@peftjs/backend';
import { dense, type FileMatrix, inParts, nearest, type Storage, storeMatrix, type Weight } from '@peftjs/core';
import { assertFinite, type TensorFile, type TensorPlace } from '@peftjs/safetensors';
import { tensor1d, type Variable, variable } from '@tensorflow/tfjs-core';
import type { Source } from './source.ts';

/** Types of codes, which may lie in any shape: the storage that reads them checks it. */
const CODES: ReadonlySet<string> = new Set(['U8', 'I8']);

/** A source that remembers what it gave. */
export interface FileSource extends Source {
  /** Tensors of the file that nobody has taken. */
  untaken(): readonly string[];
  /** What the file calls the tensor that it gave as this; undefined where it did not give it. */
  nameOf(held: Weight | Variable): string | undefined;
  /** Frees everything that it gave. */
  dispose(): void;
}

/** Takes them from safetensors, or any other file of named tensors. */
export function fileSource(file: TensorFile, storage: Storage = dense, signal?: AbortSignal): FileSource {
  const stored = inParts(storage, largestTensor());
  const taken = new Set<string>();
  const given = new Map<Weight | Variable, string>();
  const give = <T extends Weight | Variable>(name: string, held: T): T => {
    given.set(held, name);
    return held;
  };
  const take = (name: string, shape: readonly number[]): TensorPlace => {
    const entry = file.tensors.get(name);
    if (entry === undefined) {
      throw new Error(`[peftjs/models] ${file.name} has no tensor "${name}"${nearest(name, file.tensors.keys())}`);
    }
    if (!CODES.has(entry.dtype) && entry.shape.join() !== shape.join()) {
      throw new Error(
        `[peftjs/models] ${file.name}: "${name}" has shape [${entry.shape}]; config.json asks for [${shape}], or the options do`,
      );
    }
    taken.add(name);
    return entry;
  };
  const read = async (name: string): Promise<Float32Array> => {
    signal?.throwIfAborted();
    const { dtype } = file.tensors.get(name) as TensorPlace;
    if (CODES.has(dtype)) throw new Error(codesError(file, name, dtype));
    const values = await file.readFloat32(name);
    assertFinite(values, file.name, name);
    return values;
  };
  const valuesOf = (name: string, shape: readonly number[]) => {
    take(name, shape);
    return read(name);
  };
  const inFile = (name: string, dtype: string, outDim: number, inDim: number, role: string): FileMatrix => ({
    ...{ name, outDim, inDim, dtype, role },
    whole: CODES.has(dtype),
    async bytes() {
      signal?.throwIfAborted();
      return file.read(name);
    },
    async companion(other) {
      signal?.throwIfAborted();
      const full = name.slice(0, name.lastIndexOf('.') + 1) + other;
      if (!file.tensors.has(full)) return null;
      taken.add(full);
      return file.read(full);
    },
    async rows(from, count) {
      signal?.throwIfAborted();
      if (CODES.has(dtype)) throw new Error(codesError(file, name, dtype));
      const first = from * inDim;
      const values = await file.readFloat32(name, first, first + count * inDim);
      assertFinite(values, file.name, name, { first, of: outDim * inDim });
      return values;
    },
  });
  return {
    has: (name) => file.tensors.has(name),
    async matrix(name, outDim, inDim, { shape, transposed, otherwise, role = '' } = {}) {
      if (otherwise && !file.tensors.has(name)) return give(name, stored(otherwise(), outDim, inDim));
      if (transposed) {
        const values = turned(await valuesOf(name, shape ?? [inDim, outDim]), outDim, inDim);
        return give(name, await storeMatrix(stored, inMemory(name, values, outDim, inDim, role)));
      }
      const { dtype } = take(name, shape ?? [outDim, inDim]);
      return give(name, await storeMatrix(stored, inFile(name, dtype, outDim, inDim, role)));
    },
    async vector(name, length, { shape = [length], otherwise } = {}) {
      const values = otherwise && !file.tensors.has(name) ? otherwise() : await valuesOf(name, shape);
      const start = tensor1d(values);
      const held = variable(start, false);
      start.dispose();
      return give(name, held);
    },
    nameOf: (held) => given.get(held),
    untaken: () => [...file.tensors.keys()].filter((name) => !taken.has(name)),
    dispose() {
      for (const held of given.keys()) held.dispose();
    },
  };
}

function codesError(file: TensorFile, name: string, dtype: string): string {
  const beside = [...file.tensors.keys()].filter((one) => one.startsWith(`${name}.`));
  const what = beside.length === 0 ? '' : `, beside ${beside.map((one) => `"${one.slice(name.length)}"`).join(', ')}`;
  return (
    `[peftjs/models] ${file.name}: "${name}" holds codes (${dtype})${what}; load it in the storage that wrote them, ` +
    'as { weights: bitsandbytes() } of @peftjs/quantization does, or --weights as-stored on the command line'
  );
}

/** What had to be rearranged. */
function inMemory(name: string, values: Float32Array, outDim: number, inDim: number, role: string): FileMatrix {
  return {
    ...{ name, outDim, inDim, role, dtype: 'F32' },
    bytes: async () => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    rows: async (first, count) => values.subarray(first * inDim, (first + count) * inDim),
  };
}

/** [i, o] as [o, i], in squares that fit into the processor's cache. */
function turned(values: Float32Array, outDim: number, inDim: number): Float32Array {
  const out = new Float32Array(values.length);
  const side = 32;
  for (let o0 = 0; o0 < outDim; o0 += side)
    for (let i0 = 0; i0 < inDim; i0 += side)
      for (let o = o0; o < Math.min(o0 + side, outDim); o++)
        for (let i = i0; i < Math.min(i0 + side, inDim); i++) out[o * inDim + i] = values[i * outDim + o] as number;
  return out;
}
