// WebGPU, in a browser and in Node: tfjs's kernels on a device of our own.
import type { Backend, Kernel } from '@peftjs/backend';
import { findBackendFactory, registerBackend, removeBackend } from '@tensorflow/tfjs-core';
import { findGpu } from './find-gpu.ts';
import { makeForms } from './forms/make-forms.ts';
import { askForAdapter, openDevice } from './open-device.ts';
import { registerRepairs } from './repairs/register-repairs.ts';
import { makeRuntime } from './runtime.ts';
import type { TfjsWebGpu } from './tfjs-webgpu.ts';
import { type DeviceWatch, watchDevice } from './watch-device.ts';

export interface WebGpuOptions {
  /** Which adapter is asked for where there are several; `high-performance` when left out. */
  readonly powerPreference?: GPUPowerPreference;
  /** Bytes that a tensor may have at most; what a shader of the device can be given when left out. */
  readonly largestTensor?: number;
}

/** The device in use, whichever call has opened it. */
let open: { readonly watch: DeviceWatch; readonly kernels: readonly Kernel[] } | undefined;

/**
 * The WebGPU backend. In Node it needs the package `webgpu`. Tensors are read with `data()`; `dataSync()` works in a browser
 * only.
 *
 * @example
 * await useBackend([webgpu(), wasm()]);
 */
export function webgpu({ powerPreference = 'high-performance', ...options }: WebGpuOptions = {}): Backend {
  const find = async () => {
    const found = await findGpu();
    if ('obstacle' in found) return found;
    const { gpu } = found;
    const asked = await askForAdapter(gpu, powerPreference);
    return 'adapter' in asked ? { ...asked, gpu } : asked;
  };
  return {
    name: 'webgpu',
    async probe() {
      try {
        const found = await find();
        return 'adapter' in found ? null : found.obstacle;
      } catch (cause) {
        return cause instanceof Error ? cause.message : String(cause);
      }
    },
    async start() {
      const found = await find();
      if ('obstacle' in found) throw new Error(`[peftjs/backend-webgpu] ${found.obstacle}`);
      const { device, info, name, details } = await openDevice(found.adapter);
      const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
      // In a browser, loading it has registered a backend that would open a device of its own.
      if (findBackendFactory('webgpu')) removeBackend('webgpu');
      const backend = withNavigator(found.gpu, () => new WebGPUBackend(device, info));
      registerBackend('webgpu', () => backend);
      const runtime = makeRuntime(backend as unknown as TfjsWebGpu);
      const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
      const { largestTensor = Math.min(maxBufferSize, maxStorageBufferBindingSize) } = options;
      registerRepairs(runtime, largestTensor);
      open = { watch: watchDevice(runtime.backend), kernels: makeForms(runtime) };
      return { backend: 'webgpu', device: name, threads: 1, largestTensor, details };
    },
    kernels: () => open?.kernels ?? [],
    fault: () => open?.watch.fault() ?? null,
  };
}

/** tfjs refuses to make its backend where `navigator.gpu` is missing, as in Node; it is there while it does. */
function withNavigator<T>(gpu: GPU, make: () => T): T {
  if (globalThis.navigator?.gpu) return make();
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return make();
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}
