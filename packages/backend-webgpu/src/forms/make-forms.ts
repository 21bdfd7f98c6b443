// Our forms of the fused ops.
import type { Kernel } from '@peftjs/backend';
import type { Runtime } from '../runtime.ts';
import { adamwKernel } from './adamw.ts';
import { adamw8bitKernel } from './adamw-8bit.ts';
import { attentionKernel } from './attention.ts';
import { crossEntropyKernel } from './cross-entropy.ts';
import { cutKernel } from './cut.ts';
import { geluKernel } from './gelu.ts';
import { layerNormKernel } from './layer-norm.ts';
import { lookupKernel } from './lookup.ts';
import { lowRankKernels } from './low-rank.ts';
import { packKernel } from './pack.ts';
import { packedMatMulKernel } from './packed-mat-mul.ts';
import { packedRowsKernel } from './packed-rows.ts';
import { rmsNormKernel } from './rms-norm.ts';
import { ropeKernel } from './rope.ts';
import { swigluKernel } from './swiglu.ts';

export function makeForms(r: Runtime): readonly Kernel[] {
  return [
    adamwKernel(r),
    adamw8bitKernel(r),
    attentionKernel(r),
    crossEntropyKernel(r),
    cutKernel(r),
    geluKernel(r),
    layerNormKernel(r),
    lookupKernel(r),
    ...lowRankKernels(r),
    packedMatMulKernel(r),
    packedRowsKernel(r),
    packKernel(r),
    rmsNormKernel(r),
    ropeKernel(r),
    swigluKernel(r),
  ];
}
