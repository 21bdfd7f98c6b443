// Small work in JavaScript: a native op costs about 20 microseconds before it computes anything, which is what a loop over
// some ten thousand numbers takes. Generating a token at a time is made of such work.
import { type Tensor, type TensorInfo, tensor, util } from '@tensorflow/tfjs-core';
import { tensorflow } from './native.ts';

/** Whether `work` multiplications are few enough; on a GPU none are, since the values would have to be fetched. */
export function fitsJavaScript(work: number, most: number): boolean {
  return work <= most && !tensorflow().isUsingGpuDevice;
}

/** The values of a float32 tensor, to read. */
export function valuesOf(x: Tensor): Float32Array {
  return x.dataSync<'float32'>() as Float32Array;
}

/** The values of a float32 tensor of at most so many, where no native op has read them yet; null of any other. */
export function valuesHere({ dataId, dtype, shape }: TensorInfo, most: number): Float32Array | null {
  if (dtype !== 'float32' || !fitsJavaScript(util.sizeFromShape(shape), most)) return null;
  return tensorflow().tensorMap.get(dataId).values as Float32Array | null;
}

/** A tensor of values that stay in JavaScript until a native op reads them. */
export function tensorOf(values: Float32Array, shape: number[]): Tensor {
  return tensor(values, shape, 'float32');
}

/** The product of n numbers of `a` from `i` on and of `b` from `j` on. Four sums at once: one would wait for itself. */
export function dot(a: Float32Array, i: number, b: Float32Array, j: number, n: number): number {
  const whole = n & ~3;
  let [w, x, y, z] = [0, 0, 0, 0];
  for (let k = 0; k < whole; k += 4) {
    w += (a[i + k] as number) * (b[j + k] as number);
    x += (a[i + k + 1] as number) * (b[j + k + 1] as number);
    y += (a[i + k + 2] as number) * (b[j + k + 2] as number);
    z += (a[i + k + 3] as number) * (b[j + k + 3] as number);
  }
  for (let k = whole; k < n; k++) w += (a[i + k] as number) * (b[j + k] as number);
  return w + x + (y + z);
}
