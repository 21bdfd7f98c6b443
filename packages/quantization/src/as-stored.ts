// The storage that holds each matrix as its file does, as far as there is a packing for it; nothing is rounded.
import { dense, type FileMatrix, type Storage, storeMatrix } from '@peftjs/core';
import { bitsandbytes } from './bitsandbytes.ts';
import { adoptBlocks, GGUF_BLOCKS, type GgufBlocks } from './gguf-blocks.ts';
import { bf16, f16 } from './half.ts';
import { packedStorage } from './packed-storage.ts';

/**
 * F16 and BF16 in 16 bits, GGUF's Q4_0, Q4_1, Q8_0 and Q4_K and bitsandbytes' NF4, FP4 and int8 in their codes. A merged weight is packed anew, which rounds it.
 *
 * @param others for every other matrix, and for what no file has; float32 when left out
 * @example
 * const model = await loadModel('model.gguf', { weights: asStored() });
 */
export function asStored(others: Storage = dense): Storage {
  const storages = new Map<string, Storage>([
    ['F16', f16()],
    ['BF16', bf16()],
    ['U8', bitsandbytes(others)],
    ['I8', bitsandbytes(others)],
    ...[...GGUF_BLOCKS].map(([dtype, blocks]) => [dtype, blockStorage(blocks)] as const),
  ]);
  const load = (matrix: FileMatrix) => storeMatrix(storages.get(matrix.dtype) ?? others, matrix);
  const store = (values: Float32Array, outDim: number, inDim: number) => others(values, outDim, inDim);
  return Object.assign(store, { load });
}

function blockStorage(blocks: GgufBlocks): Storage {
  return packedStorage(blocks.packing, { advice: 'use float32', adopt: (matrix) => adoptBlocks(matrix, blocks) });
}
