// What takes the place of a tensor that a model holds, made of its numbers.
import { engine } from '@peftjs/backend';
import { joinRows, type StoredTensor, type Weight } from '@peftjs/core';
import type { TensorFile } from '@peftjs/safetensors';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** The numbers themselves where they are held as float32, else a weight in the same storage. */
export type Next = Weight | Tensor;

/** @param values in the order that a file has them in */
export function nextOf(values: Float32Array, { held, transposed }: StoredTensor): Next {
  if (!('encode' in held)) return engine().keep(tensor(values, held.shape));
  const { inDim, outDim } = held;
  const rows = (first: number, count: number): Tensor => {
    const own = transposed
      ? rowsOfColumns(values, outDim, first, count)
      : values.subarray(first * inDim, (first + count) * inDim);
    return tensor(own, [count, inDim], 'float32');
  };
  if (held.variable) return engine().keep(rows(0, outDim));
  // Each part for itself: a tensor of the whole may be larger than the device takes.
  const made: Weight[] = [];
  try {
    let first = 0;
    for (const part of held.parts ?? [held]) {
      made.push(engine().tidy(() => part.encode(rows(first, part.outDim))));
      first += part.outDim;
    }
    return joinRows(made);
  } catch (error) {
    for (const one of made) one.dispose();
    throw error;
  }
}

/** Rows of [o, i], of which the values are [i, o]. */
function rowsOfColumns(values: Float32Array, outDim: number, first: number, count: number): Float32Array {
  const inDim = values.length / outDim;
  const rows = new Float32Array(count * inDim);
  for (let o = 0; o < count; o++)
    for (let i = 0; i < inDim; i++) rows[o * inDim + i] = values[i * outDim + first + o] as number;
  return rows;
}

/** Bytes of a tensor in its file. */
export function sizeOf(file: TensorFile, name: string): number {
  const { begin, end } = file.tensors.get(name) as { readonly begin: number; readonly end: number };
  return end - begin;
}
