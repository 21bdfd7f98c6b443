// tfjs writes a scatter update into the buffer of the tensor it was given.
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Buffers, replaceKernel } from './replace-kernel.ts';

export function repairScatterUpdate(): void {
  replaceKernel('TensorScatterUpdate', (shipped) => (call) => {
    const buffers = call.backend as Buffers;
    const { tensor } = call.inputs as { tensor: TensorInfo };
    const copy = buffers.makeTensorInfo(tensor.shape, tensor.dtype, buffers.readSync(tensor.dataId).slice());
    const out = shipped({ ...call, inputs: { ...call.inputs, tensor: copy } });
    buffers.disposeIntermediateTensorInfo(copy);
    return out;
  });
}
