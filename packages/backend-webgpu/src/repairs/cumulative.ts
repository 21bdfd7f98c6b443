// Running sums and products from the end. tfjs's shader for them has the length of the first one written into it, and is kept
// for all others: ours run forwards over what is turned round.
import { getKernel, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';

export function cumulativeKernel(shipped: KernelFunc): KernelFunc {
  return (args) => {
    const { axis, reverse } = args.attrs as { axis: number; reverse: boolean };
    if (!reverse) return shipped(args);
    const { backend } = args;
    const turned = (x: TensorInfo) =>
      getKernel('Reverse', 'webgpu').kernelFunc({ inputs: { x }, backend, attrs: { dims: [axis] } }) as TensorInfo;
    const free = (x: TensorInfo) => (backend as { disposeData(dataId: object): void }).disposeData(x.dataId);
    const x = turned(args.inputs.x as TensorInfo);
    const sums = shipped({ ...args, inputs: { x }, attrs: { ...args.attrs, reverse: false } }) as TensorInfo;
    const out = turned(sums);
    free(x);
    free(sums);
    return out;
  };
}
