// The slow reference backend: tfjs's plain JavaScript kernels, with the one that changes its input repaired.
import type { Backend } from '@peftjs/backend';
import {
  findBackend,
  getKernel,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

/**
 * The cpu backend. Runs everywhere; use it to check others.
 *
 * @example
 * await useBackend(cpu());
 */
export function cpu(): Backend {
  return {
    name: 'cpu',
    probe: async () => null,
    start: async () => {
      await import('@tensorflow/tfjs-backend-cpu');
      // Otherwise the first tensor prints an advertisement for the native backend.
      (findBackend('cpu') as unknown as { firstUse: boolean }).firstUse = false;
      repairScatterUpdate();
      return { backend: 'cpu', device: 'plain JavaScript', threads: 1, details: {} };
    },
    kernels: () => [],
  };
}

interface Buffers {
  readSync(dataId: object): Float32Array;
  makeTensorInfo(shape: number[], dtype: string, values: Float32Array): TensorInfo;
  disposeIntermediateTensorInfo(info: TensorInfo): void;
}

/** tfjs writes the updates into the buffer of the tensor it was given. */
function repairScatterUpdate(): void {
  const shipped = getKernel('TensorScatterUpdate', 'cpu');
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) => {
    const buffers = backend as Buffers;
    const { tensor } = inputs as { tensor: TensorInfo };
    const copy = buffers.makeTensorInfo(tensor.shape, tensor.dtype, buffers.readSync(tensor.dataId).slice());
    const out = shipped.kernelFunc({ inputs: { ...inputs, tensor: copy }, ...(attrs ? { attrs } : {}), backend });
    buffers.disposeIntermediateTensorInfo(copy);
    return out;
  };
  unregisterKernel('TensorScatterUpdate', 'cpu');
  registerKernel({ kernelName: 'TensorScatterUpdate', backendName: 'cpu', kernelFunc });
}
