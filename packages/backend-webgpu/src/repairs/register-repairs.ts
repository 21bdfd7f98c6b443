// Puts kernels of ours in the place of those of tfjs that are wrong.
import { getKernel, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';
import { broadcastProduct } from './broadcast-product.ts';
import { checkBufferSizes } from './buffer-sizes.ts';
import { cumulativeKernel } from './cumulative.ts';
import { ofNothing } from './empty-sums.ts';
import { padKernel } from './pad.ts';
import { shortProduct } from './short-product.ts';
import { sigmoidKernel } from './sigmoid.ts';
import { waveKernel } from './waves.ts';

/** As tfjs brought them: they are repaired anew for each device. */
const shipped = new Map<string, KernelFunc>();

/** @param largestTensor bytes */
export function registerRepairs(r: Runtime, largestTensor: number): void {
  const repairs: Readonly<Record<string, (shipped: KernelFunc) => KernelFunc>> = {
    BatchMatMul: (product) => broadcastProduct(shortProduct(product)),
    _FusedMatMul: (product) => broadcastProduct(shortProduct(product)),
    Cumsum: cumulativeKernel,
    Cumprod: cumulativeKernel,
    Sum: ofNothing(0),
    Prod: ofNothing(1),
    PadV2: padKernel,
    Sigmoid: () => sigmoidKernel(r),
    Sin: () => waveKernel(r, 'sin'),
    Cos: () => waveKernel(r, 'cos'),
  };
  checkBufferSizes(r.backend, largestTensor);
  for (const [kernelName, repair] of Object.entries(repairs)) {
    const before = shipped.get(kernelName) ?? getKernel(kernelName, 'webgpu').kernelFunc;
    shipped.set(kernelName, before);
    unregisterKernel(kernelName, 'webgpu');
    registerKernel({ kernelName, backendName: 'webgpu', kernelFunc: repair(before) });
  }
}
