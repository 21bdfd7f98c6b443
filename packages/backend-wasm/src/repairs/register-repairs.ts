// Puts our kernels in the place of those of tfjs that are wrong, slow or missing.
import { getKernel, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { castKernel } from './cast.ts';
import { convFilterKernel } from './conv-filter.ts';
import { paddedConvKernel } from './conv-padding.ts';
import { conv3dFilterKernel, conv3dInputKernel } from './conv3d-grad.ts';
import { gatherKernel, splitKernel, tileKernel } from './copies.ts';
import { depthwiseFilterKernel, depthwiseInputKernel } from './depthwise-grad.ts';
import { einsumKernel } from './einsum.ts';
import { identityKernel } from './identity.ts';
import { fusedMatMulKernel, matMulKernel } from './mat-mul.ts';
import { maxPool3dKernel, maxPoolGradKernel } from './max-pool.ts';
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
    DepthwiseConv2dNative: paddedConvKernel(r, 'DepthwiseConv2dNative'),
    FusedDepthwiseConv2D: paddedConvKernel(r, 'FusedDepthwiseConv2D'),
    DepthwiseConv2dNativeBackpropInput: depthwiseInputKernel(r),
    DepthwiseConv2dNativeBackpropFilter: depthwiseFilterKernel(r),
    Conv3DBackpropInputV2: conv3dInputKernel(r),
    Conv3DBackpropFilterV2: conv3dFilterKernel(r),
    MaxPool3D: maxPool3dKernel(r),
    MaxPool3DGrad: maxPoolGradKernel(r),
    MaxPoolGrad: maxPoolGradKernel(r),
    Einsum: einsumKernel,
    Cast: castKernel(r),
  };
  for (const [kernelName, kernelFunc] of Object.entries(repairs)) {
    if (getKernel(kernelName, 'wasm') !== undefined) unregisterKernel(kernelName, 'wasm');
    registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
  }
}
