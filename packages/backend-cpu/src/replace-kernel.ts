// A kernel of tfjs's cpu backend registered again, with the shipped one at hand.
import { getKernel, type KernelFunc, registerKernel, type TensorInfo, unregisterKernel } from '@tensorflow/tfjs-core';

/** What the backend that a kernel is given can do with buffers. */
export interface Buffers {
  readSync(dataId: object): Float32Array;
  makeTensorInfo(shape: number[], dtype: string, values: Float32Array): TensorInfo;
  disposeIntermediateTensorInfo(info: TensorInfo): void;
}

export function replaceKernel(kernelName: string, replacement: (shipped: KernelFunc) => KernelFunc): void {
  const shipped = getKernel(kernelName, 'cpu');
  unregisterKernel(kernelName, 'cpu');
  registerKernel({ ...shipped, kernelFunc: replacement(shipped.kernelFunc) });
}
