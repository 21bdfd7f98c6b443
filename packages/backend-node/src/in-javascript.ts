// Small work in JavaScript: a native op costs about 20 microseconds before it computes anything, which is what a loop over
// some ten thousand numbers takes. Generating a token at a time is made of such work.
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { tensorflow } from './native.ts';

/** Whether `work` multiplications are few enough; on a GPU none are, since the values would have to be fetched. */
export function fitsJavaScript(work: number, most: number): boolean {
  return work <= most && !tensorflow().isUsingGpuDevice;
}

/** The values of a float32 tensor, to read. */
export function valuesOf(x: Tensor): Float32Array {
  return x.dataSync<'float32'>() as Float32Array;
}

/** A tensor of values that stay in JavaScript until a native op reads them. */
export function tensorOf(values: Float32Array, shape: number[]): Tensor {
  return tensor(values, shape, 'float32');
}
