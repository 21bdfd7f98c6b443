// Identity without a copy: the output shares the input's buffer, as tfjs's own Reshape does.
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function identityKernel(r: Runtime): KernelFunc {
  return ({ inputs }) => {
    const { x } = inputs as { x: TensorInfo };
    r.backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
}
