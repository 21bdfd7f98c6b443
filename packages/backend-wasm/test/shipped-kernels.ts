// The kernels of tfjs as they are shipped, taken before our backend puts its own in their place.
import '@tensorflow/tfjs-backend-wasm';
import {
  findBackend,
  getKernelsForBackend,
  type KernelFunc,
  type NamedAttrMap,
  type Tensor,
  type TensorInfo,
  tensor,
} from '@tensorflow/tfjs-core';

const shipped = new Map(getKernelsForBackend('wasm').map(({ kernelName, kernelFunc }) => [kernelName, kernelFunc]));

export function shippedKernel(name: string): KernelFunc | undefined {
  return shipped.get(name);
}

/** Runs a shipped kernel. The engine does not see what it makes; its values come back in tensors of their own. */
export function runShipped(name: string, inputs: Record<string, Tensor>, attrs: object = {}): Tensor[] {
  const backend = findBackend('wasm');
  const kernelFunc = shippedKernel(name) as KernelFunc;
  const outputs = [kernelFunc({ inputs, attrs: attrs as NamedAttrMap, backend })].flat() as TensorInfo[];
  return outputs.map((info) => {
    const values = backend.readSync(info.dataId) as Float32Array;
    backend.disposeData(info.dataId);
    return tensor(values, info.shape, info.dtype as 'float32');
  });
}
