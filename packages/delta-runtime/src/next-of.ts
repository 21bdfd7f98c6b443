// What takes the place of a tensor that a model holds, made of its numbers.
import { engine } from '@peftjs/backend';
import type { StoredTensor, Weight } from '@peftjs/core';
import type { TensorFile } from '@peftjs/safetensors';
import { reshape, type Tensor, tensor, transpose } from '@tensorflow/tfjs-core';

/** The numbers themselves where they are held as float32, else a weight in the same storage. */
export type Next = Weight | Tensor;

/** @param values in the order that a file has them in */
export function nextOf(values: Float32Array, { shape, held, transposed }: StoredTensor): Next {
  return engine().tidy(() => {
    const inFile = tensor(values, [...shape]);
    if (!('encode' in held)) return engine().keep(reshape(inFile, held.shape));
    const rows = transposed ? transpose(inFile) : reshape(inFile, [held.outDim, held.inDim]);
    return held.variable ? engine().keep(rows) : held.encode(rows);
  });
}

/** Bytes of a tensor in its file. */
export function sizeOf(file: TensorFile, name: string): number {
  const { begin, end } = file.tensors.get(name) as { readonly begin: number; readonly end: number };
  return end - begin;
}
