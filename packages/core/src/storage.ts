// How matrices are to be stored, what a storage sees of a file, and what a file gets of a weight in codes.
import type { Json } from './method.ts';
import type { Weight } from './weight.ts';

/** A matrix [o, i] of a file. */
export interface FileMatrix {
  readonly name: string;
  readonly outDim: number;
  readonly inDim: number;
  /** What it is in the model, as its site says: `mlp.down`, `embed`, `head`. */
  readonly role?: string;
  /**
   * How the file has its numbers: `F32`, `F16`, `BF16`; in blocks along each row, as GGUF's `Q4_1`; or codes, as `U8`, of
   * which only a storage knows how many there must be.
   */
  readonly dtype: string;
  /** Which row of a larger matrix is its first, for errors; 0 when left out. */
  readonly first?: number;
  /** Whether its bytes cannot be told apart by rows. */
  readonly whole?: boolean;
  /** Its bytes in the file, little-endian and row-major. Do not write into them. */
  bytes(): Promise<Uint8Array>;
  /**
   * Rows [count, i] as float32, of finite numbers.
   * @throws naming the tensor and the place of one that is not, or where the file has codes
   */
  rows(first: number, count: number): Promise<Float32Array>;
  /** The bytes of another tensor of the same module, such as `weight.absmax`; null where the file has none. */
  companion?(name: string): Promise<Uint8Array | null>;
}

/** Stores a matrix in some way. */
export interface Storage {
  /** @param values [o, i], row-major */
  (values: Float32Array, outDim: number, inDim: number): Weight;
  /** Stores one while it is read, so that it is nowhere whole in float32. */
  load?(matrix: FileMatrix): Promise<Weight>;
  /** What a weight of these numbers reads, computed without one: for backends that give no numbers at once. */
  rounded?(values: Float32Array, outDim: number, inDim: number): Float32Array;
}

/**
 * Stores it part by part where the storage can, so that it is nowhere whole in float32.
 *
 * @throws naming the tensor, where storage or backend cannot hold it
 */
export async function storeMatrix(storage: Storage, matrix: FileMatrix): Promise<Weight> {
  const { name, outDim, inDim } = matrix;
  if (storage.load) return storage.load(matrix);
  const values = await matrix.rows(0, outDim);
  return holding(name, () => storage(values, outDim, inDim));
}

/** Makes a weight of a tensor or site of this name, which an error is said with. */
export function holding(name: string, make: () => Weight): Weight {
  try {
    return make();
  } catch (cause) {
    throw new Error(`[peftjs/core] "${name}" cannot be held in this storage: ${(cause as Error).message}`, { cause });
  }
}

/** A tensor for a file, whose bytes or numbers are asked for when its turn comes. */
export interface FileTensor {
  readonly dtype: 'U8' | 'I8' | 'F32';
  readonly shape: readonly number[];
  data(): Promise<Uint8Array | Float32Array>;
}

/** A matrix in the codes that it is held in, as a file has them. */
export interface FileCodes {
  /** By their names in the module: `weight`, `weight.absmax`. */
  readonly tensors: Readonly<Record<string, FileTensor>>;
  /**
   * What `config.json` says of a model with such matrices, as its `quantization_config`.
   *
   * @param others linear modules that have numbers
   */
  config(others: readonly string[]): Json;
}
