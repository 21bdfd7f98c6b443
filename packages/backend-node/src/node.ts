// The native backend of Node: TensorFlow's C library, on CUDA or on the CPU, through a package that is optional.
import { availableParallelism } from 'node:os';
import type { Backend, Capabilities, Kernel } from '@peftjs/backend';
import { findBackend } from '@tensorflow/tfjs-core';
import { adamwKernel } from './kernels/adamw.ts';
import { adamw8bitKernel } from './kernels/adamw-8bit.ts';
import { attentionKernel } from './kernels/attention.ts';
import { crossEntropyKernel } from './kernels/cross-entropy.ts';
import { geluKernel } from './kernels/gelu.ts';
import { layerNormKernel } from './kernels/layer-norm.ts';
import { lookupKernel } from './kernels/lookup.ts';
import { lowRankKernel } from './kernels/low-rank.ts';
import { packedKernels } from './kernels/packed.ts';
import { rmsNormKernel } from './kernels/rms-norm.ts';
import { ropeKernel } from './kernels/rope.ts';
import { swigluKernel } from './kernels/swiglu.ts';
import { type Device, type Loaded, loadTensorflow, PACKAGES } from './load-tensorflow.ts';
import type { TensorflowBackend } from './native.ts';
import { repairKernels } from './repair-kernels.ts';

export interface NodeOptions {
  /** `cuda` for `@tensorflow/tfjs-node-gpu`, `cpu` for `@tensorflow/tfjs-node`; both are tried, in this order, when left out. */
  readonly device?: Device;
  /** Threads of one op on the CPU; as many as there are cores when left out. Read once, before TensorFlow is loaded. */
  readonly threads?: number;
}

const NAME = 'tensorflow';

/**
 * The native backend, for Node 20 and newer. Needs `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu` beside it.
 *
 * @example
 * const { device, rejected } = await useBackend([node(), wasm()]);
 */
export function node(options: NodeOptions = {}): Backend {
  const devices: readonly Device[] = options.device === undefined ? ['cuda', 'cpu'] : [options.device];
  let loaded: Loaded | undefined;
  const load = (): Loaded => {
    if (options.threads !== undefined) process.env.TF_NUM_INTRAOP_THREADS = String(options.threads);
    loaded ??= loadTensorflow(devices);
    return loaded;
  };
  return {
    name: NAME,
    probe: async () => {
      const found = load();
      return 'obstacle' in found ? found.obstacle : null;
    },
    start: async () => {
      const found = load();
      if ('obstacle' in found) throw new Error(`[peftjs/backend-node] ${found.obstacle}`);
      repairKernels();
      return capabilities(found.device);
    },
    kernels: () => (onGpu() ? everywhere : [...everywhere, adamwKernel, adamw8bitKernel]),
  };
}

const everywhere: readonly Kernel[] = [
  attentionKernel,
  crossEntropyKernel,
  geluKernel,
  layerNormKernel,
  lookupKernel,
  lowRankKernel,
  ...packedKernels,
  rmsNormKernel,
  ropeKernel,
  swigluKernel,
];

function native(): TensorflowBackend {
  return findBackend(NAME) as unknown as TensorflowBackend;
}

function onGpu(): boolean {
  return native().isUsingGpuDevice;
}

function capabilities(device: Device): Capabilities {
  const gpu = onGpu();
  const threads = Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();
  const without = device === 'cuda' ? ' (no CUDA device found)' : '';
  return {
    backend: NAME,
    device: gpu ? 'CUDA' : `CPU, ${threads} threads${without}`,
    threads,
    details: { package: PACKAGES[device], tensorflow: native().binding.TF_Version, cuda: gpu },
  };
}
