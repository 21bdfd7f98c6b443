// The storages of 16 bits a number: half the memory of float32, and what most models are published in.
import { emptyArrays, type PackedArrays } from '@peftjs/backend';
import type { FileMatrix, Storage } from '@peftjs/core';
import { bfloat16, float16, type HalfPacking } from './half-packing.ts';
import { packedStorage } from './packed-storage.ts';

/**
 * IEEE 754 binary16, two numbers to a word; products add in float32. What is beyond 65504 is an error that names the tensor.
 *
 * @example
 * const model = await loadModel('HuggingFaceTB/SmolLM2-135M', { weights: f16() });
 */
export function f16(): Storage {
  return halfStorage(float16, 'f16 ends at 65504: use bf16() or float32');
}

/** bfloat16, two numbers to a word; products add in float32. Every size of float32 with 8 bits of precision. */
export function bf16(): Storage {
  return halfStorage(bfloat16, 'use float32');
}

function halfStorage(packing: HalfPacking, advice: string): Storage {
  const adopt = (matrix: FileMatrix) => (matrix.dtype === packing.dtype ? adoptBytes(matrix, packing) : null);
  return packedStorage(packing, { advice, adopt });
}

/** Takes the bytes of a file as the codes. */
async function adoptBytes(matrix: FileMatrix, packing: HalfPacking): Promise<PackedArrays> {
  const { outDim, inDim } = matrix;
  const found = await matrix.bytes();
  // A view would hold all of the memory that it is a part of.
  const bytes = found.byteLength === found.buffer.byteLength ? found : found.slice();
  const codes = new Uint16Array(bytes.buffer, 0, outDim * inDim);
  assertFinite(codes, matrix, packing);
  if (inDim % 2 === 0) return { codes: new Int32Array(bytes.buffer, 0, codes.length / 2) };
  const arrays = emptyArrays(packing, outDim, inDim);
  const padded = new Uint16Array(arrays.codes.buffer);
  for (let row = 0; row < outDim; row++) {
    padded.set(codes.subarray(row * inDim, (row + 1) * inDim), row * (inDim + 1));
  }
  return arrays;
}

function assertFinite(codes: Uint16Array, { name, inDim, first = 0 }: FileMatrix, { exponent }: HalfPacking): void {
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] as number;
    if ((code & exponent) !== exponent) continue;
    const what = code & ~(0x8000 | exponent) ? 'NaN' : 'an infinity';
    const place = `[${first + Math.floor(at / inDim)}, ${at % inDim}]`;
    throw new Error(`[peftjs/quantization] "${name}" holds ${what} at ${place}; repair the file`);
  }
}
