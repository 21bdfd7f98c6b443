// Where a host takes its weights from, each once, checked for shape and for numbers that are none.
import { dense, nearest, type Weight } from '@peftjs/core';
import { assertFinite, type SafetensorsFile } from '@peftjs/safetensors';
import { tensor1d, type Variable, variable } from '@tensorflow/tfjs-core';

/** Stores a matrix [o, i], given row-major, in some way. */
export type Storage = (values: Float32Array, outDim: number, inDim: number) => Weight;

export interface Source {
  matrix(name: string, outDim: number, inDim: number): Promise<Weight>;
  vector(name: string, length: number): Promise<Variable>;
}

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
        `[peftjs/models] ${file.name}: "${name}" has shape [${entry.shape}]; config.json asks for [${shape}]`,
      );
    }
    taken.add(name);
    const values = await file.readFloat32(name);
    assertFinite(values, file.name, name);
    return values;
  };
  return {
    matrix: async (name, outDim, inDim) => give(storage(await read(name, [outDim, inDim]), outDim, inDim)),
    vector: async (name, length) => {
      const start = tensor1d(await read(name, [length]));
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
