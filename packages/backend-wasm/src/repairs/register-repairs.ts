// Puts our kernels in the place of those of tfjs that are wrong, slow or missing.
import { getKernel, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { castKernel } from './cast.ts';
import { convFilterKernel } from './conv-filter.ts';
import { paddedConvKernel } from './conv-padding.ts';
import { gatherKernel, splitKernel, tileKernel } from './copies.ts';
import { identityKernel } from './identity.ts';
import { fusedMatMulKernel, matMulKernel } from './mat-mul.ts';
import { maxPoolGradKernel } from './max-pool-grad.ts';
import { segmentSumKernel, sumKernel } from './sums.ts';
import { unaryKernel } from './unary.ts';

export function registerRepairs(r: Runtime): void {
  const repairs: Readonly<Record<string, KernelFunc>> = {
    BatchMatMul: matMulKernel(r),
    _FusedMatMul: fusedMatMulKernel(r),
    Identity: identityKernel(r),
    Exp: unaryKernel(r, 'Exp'),
    Tanh: unaryKernel(r, 'Tanh'),
    Erf: unaryKernel(r, 'Erf'),
    Tile: tileKernel(r),
    GatherV2: gatherKernel(r),
    SplitV: splitKernel(r),
    Sum: sumKernel(r),
    UnsortedSegmentSum: segmentSumKernel(r),
    Conv2D: paddedConvKernel(r, 'Conv2D'),
    FusedConv2D: paddedConvKernel(r, 'FusedConv2D'),
    Conv2DBackpropFilter: convFilterKernel(r),
    MaxPoolGrad: maxPoolGradKernel(r),
    Cast: castKernel(r),
  };
  for (const [kernelName, kernelFunc] of Object.entries(repairs)) {
    if (getKernel(kernelName, 'wasm') !== undefined) unregisterKernel(kernelName, 'wasm');
    registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
  }
}
