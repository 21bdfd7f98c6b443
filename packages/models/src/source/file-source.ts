// Weights from safetensors, checked for shape and for numbers that are none.
import { dense, nearest } from '@peftjs/core';
import { assertFinite, type SafetensorsFile } from '@peftjs/safetensors';
import { tensor1d, variable } from '@tensorflow/tfjs-core';
import type { Source, Storage, Stored } from './source.ts';

/** A source that remembers what it gave. */
export interface FileSource extends Source {
  /** Tensors of the file that nobody has taken. */
  untaken(): readonly string[];
  /** Frees everything that it gave. */
  dispose(): void;
}

/** Takes them from safetensors. */
export function fileSource(file: SafetensorsFile, storage: Storage = dense, signal?: AbortSignal): FileSource {
  const taken = new Set<string>();
  const given: { dispose(): void }[] = [];
  const give = <T extends { dispose(): void }>(held: T): T => {
    given.push(held);
    return held;
  };
  const read = async (name: string, shape: readonly number[]): Promise<Float32Array> => {
    signal?.throwIfAborted();
    const entry = file.tensors.get(name);
    if (entry === undefined) {
      throw new Error(`[peftjs/models] ${file.name} has no tensor "${name}"${nearest(name, file.tensors.keys())}`);
    }
    if (entry.shape.join() !== shape.join()) {
      throw new Error(
        `[peftjs/models] ${file.name}: "${name}" has shape [${entry.shape}]; config.json asks for [${shape}], or the options do`,
      );
    }
    taken.add(name);
    const values = await file.readFloat32(name);
    assertFinite(values, file.name, name);
    return values;
  };
  const valuesOf = (name: string, shape: readonly number[], { otherwise }: Stored) =>
    otherwise && !file.tensors.has(name) ? otherwise() : read(name, shape);
  return {
    has: (name) => file.tensors.has(name),
    async matrix(name, outDim, inDim, stored = {}) {
      const turned = stored.transposed && file.tensors.has(name);
      const values = await valuesOf(name, stored.shape ?? (turned ? [inDim, outDim] : [outDim, inDim]), stored);
      return give(storage(turned ? transposed(values, outDim, inDim) : values, outDim, inDim));
    },
    async vector(name, length, stored = {}) {
      const start = tensor1d(await valuesOf(name, stored.shape ?? [length], stored));
      const held = variable(start, false);
      start.dispose();
      return give(held);
    },
    untaken: () => [...file.tensors.keys()].filter((name) => !taken.has(name)),
    dispose() {
      for (const held of given) held.dispose();
    },
  };
}

/** [i, o] as [o, i], in squares that fit into the processor's cache. */
function transposed(values: Float32Array, outDim: number, inDim: number): Float32Array {
  const out = new Float32Array(values.length);
  const side = 32;
  for (let o0 = 0; o0 < outDim; o0 += side)
    for (let i0 = 0; i0 < inDim; i0 += side)
      for (let o = o0; o < Math.min(o0 + side, outDim); o++)
        for (let i = i0; i < Math.min(i0 + side, inDim); i++) out[o * inDim + i] = values[i * outDim + o] as number;
  return out;
}
