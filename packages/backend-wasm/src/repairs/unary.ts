// Exp, Tanh and Erf four numbers at a time; those of tfjs take one at a time, at 0.1 to 0.5 GB/s.
import { getKernel, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function unaryKernel(r: Runtime, name: 'Exp' | 'Tanh' | 'Erf'): KernelFunc {
  const shipped = getKernel(name, 'wasm').kernelFunc;
  const op = r.run[name.toUpperCase() as 'EXP' | 'TANH' | 'ERF'].value as number;
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    if (x.dtype !== 'float32') return shipped(call);
    const out = r.output(x.shape);
    r.run.unary(op, r.at(x), r.at(out), util.sizeFromShape(x.shape));
    return out;
  };
}
