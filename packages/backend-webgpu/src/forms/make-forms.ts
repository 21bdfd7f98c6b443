// Our forms of the fused ops.
import type { Kernel } from '@peftjs/backend';
import type { Runtime } from '../runtime.ts';
import { packedMatMulKernel } from './packed-mat-mul.ts';
import { packedRowsKernels } from './packed-rows.ts';
import { rmsNormKernel } from './rms-norm.ts';

export function makeForms(r: Runtime): readonly Kernel[] {
  return [packedMatMulKernel(r), ...packedRowsKernels(r), rmsNormKernel(r)];
}
