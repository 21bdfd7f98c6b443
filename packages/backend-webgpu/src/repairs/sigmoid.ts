// Sigmoid that passes NaN on: tfjs gives 0 for it.
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import type { Shader } from '../shader.ts';
import { elementwise, runElementwise } from '../wgsl/elementwise.ts';

const sigmoid: Shader<'x', 'y', 'size'> = elementwise(
  'sigmoid',
  'let e = exp(-abs(v)); return select(e, 1.0, v >= 0.0) / (1.0 + e);',
);

export function sigmoidKernel(r: Runtime): KernelFunc {
  return ({ inputs }) => runElementwise(r, sigmoid, inputs.x as TensorInfo);
}
