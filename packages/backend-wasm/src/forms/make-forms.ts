// Our forms of the fused ops.
import type { Kernel } from '@peftjs/backend';
import type { Runtime } from '../runtime.ts';
import { adamwKernels } from './adamw.ts';
import { attentionKernel } from './attention.ts';
import { crossEntropyKernel } from './cross-entropy.ts';
import { geluKernel } from './gelu.ts';
import { layerNormKernel } from './layer-norm.ts';
import { lookupKernel } from './lookup.ts';
import { lowRankKernels } from './low-rank.ts';
import { packedKernels } from './packed.ts';
import { rmsNormKernel } from './rms-norm.ts';
import { ropeKernel } from './rope.ts';
import { swigluKernel } from './swiglu.ts';

export function makeForms(r: Runtime): readonly Kernel[] {
  return [
    ...adamwKernels(r),
    attentionKernel(r),
    crossEntropyKernel(r),
    geluKernel(r),
    layerNormKernel(r),
    lookupKernel(r),
    ...lowRankKernels(r),
    ...packedKernels(r),
    rmsNormKernel(r),
    ropeKernel(r),
    swigluKernel(r),
  ];
}
