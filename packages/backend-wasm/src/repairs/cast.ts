// Cast to bool makes 1 of every number but 0, where tfjs keeps the low byte.
import { getKernel, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function castKernel(r: Runtime): KernelFunc {
  const shipped = getKernel('Cast', 'wasm').kernelFunc;
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { dtype } = call.attrs as unknown as { dtype: string };
    if (dtype !== 'bool' || x.dtype === 'bool') return shipped(call);
    const out = r.backend.makeOutput(x.shape, 'bool');
    const from = r.backend.typedArrayFromHeap(x);
    const to = r.backend.typedArrayFromHeap(out);
    for (let i = 0; i < to.length; i++) to[i] = Number(from[i] !== 0);
    return out;
  };
}
