// The sum of nothing is 0 and its product 1, where tfjs divides by its size.
import { getKernel, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';

/** @param value the sum or product of nothing */
export function ofNothing(value: number): (shipped: KernelFunc) => KernelFunc {
  return (shipped) => (args) => {
    const x = args.inputs.x as TensorInfo;
    if (util.sizeFromShape(x.shape) > 0) return shipped(args);
    const { axis, keepDims } = args.attrs as { axis: number | number[] | null; keepDims: boolean };
    const axes = util.parseAxisParam(axis as number[], x.shape);
    const kept = x.shape.map((n, k) => (axes.includes(k) ? 1 : n));
    const shape = keepDims ? kept : kept.filter((_, k) => !axes.includes(k));
    const { backend } = args;
    return getKernel('Fill', 'webgpu').kernelFunc({ inputs: {}, backend, attrs: { shape, value, dtype: x.dtype } });
  };
}
