// Puts our kernels in the place of those of tfjs that are wrong, slow or missing.
import { getKernel, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { identityKernel } from './identity.ts';
import { fusedMatMulKernel, matMulKernel } from './mat-mul.ts';

export function registerRepairs(r: Runtime): void {
  const repairs: Readonly<Record<string, KernelFunc>> = {
    BatchMatMul: matMulKernel(r),
    _FusedMatMul: fusedMatMulKernel(r),
    Identity: identityKernel(r),
  };
  for (const [kernelName, kernelFunc] of Object.entries(repairs)) {
    if (getKernel(kernelName, 'wasm') !== undefined) unregisterKernel(kernelName, 'wasm');
    registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
  }
}
