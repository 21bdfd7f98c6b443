// The storage that holds each matrix as its file does, as far as there is a packing for it; nothing is rounded.
import { dense, type FileMatrix, type Storage, type Weight } from '@peftjs/core';
import { bitsandbytes } from './bitsandbytes.ts';
import { adoptBlocks, GGUF_BLOCKS, type GgufBlocks } from './gguf-blocks.ts';
import { bf16, f16 } from './half.ts';
import { packedStorage } from './packed-storage.ts';

/**
 * F16 and BF16 in 16 bits, GGUF's Q4_0, Q4_1 and Q8_0 and bitsandbytes' NF4 and FP4 in their codes; every other matrix, and what
 * no file has, in float32.
 * A merged weight is packed anew, which rounds it.
 *
 * @example
 * const model = await loadModel('model.gguf', { weights: asStored() });
 */
export function asStored(): Storage {
  const storages = new Map<string, Storage>([
    ['F16', f16()],
    ['BF16', bf16()],
    ['U8', bitsandbytes()],
    ...[...GGUF_BLOCKS].map(([dtype, blocks]) => [dtype, blockStorage(blocks)] as const),
  ]);
  const load = async (matrix: FileMatrix): Promise<Weight> => {
    const { outDim, inDim, dtype } = matrix;
    const fitting = storages.get(dtype);
    return fitting?.load?.(matrix) ?? dense(await matrix.rows(0, outDim), outDim, inDim);
  };
  const store = (values: Float32Array, outDim: number, inDim: number): Weight => dense(values, outDim, inDim);
  return Object.assign(store, { load });
}

function blockStorage(blocks: GgufBlocks): Storage {
  return packedStorage(blocks.packing, { advice: 'use float32', adopt: (matrix) => adoptBlocks(matrix, blocks) });
}
