// The default backend: tfjs's wasm, its faults repaired from outside, with SIMD kernels and threads of our own.
import type { Backend, Kernel } from '@peftjs/backend';
import { version_core } from '@tensorflow/tfjs-core';
import { makeForms } from './forms/make-forms.ts';
import { compileKernels, type KernelExports, simdSupported } from './kernel-module.ts';
import { registerRepairs } from './repairs/register-repairs.ts';
import { allocate, makeRuntime } from './runtime.ts';
import { startTfjs } from './tfjs-wasm.ts';
import { canShareMemory, coreCount, mayBlock, startWorkers } from './thread-pool.ts';

export interface WasmOptions {
  /** Threads that compute; as many as the machine runs at once when left out. 1 needs no shared memory. */
  readonly threads?: number;
  /** In a page: the folder from which tfjs's .wasm files are served, or the address of each by its name. */
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
}

/**
 * The wasm backend. Needs WebAssembly with SIMD; more than one thread needs shared memory, which a page has only when it
 * is cross-origin isolated.
 *
 * @example
 * await useBackend(wasm({ threads: 4 }));
 */
export function wasm(options: WasmOptions = {}): Backend {
  let kernels: readonly Kernel[] = [];
  return {
    name: 'wasm',
    probe: async () => {
      if (typeof WebAssembly !== 'object') return 'there is no WebAssembly here';
      return simdSupported() ? null : 'WebAssembly has no SIMD here; use a newer Node or browser';
    },
    async start() {
      const threads = await threadCount(options.threads);
      const shared = threads > 1;
      const [{ module, relaxed }, backend] = await Promise.all([
        compileKernels(shared),
        startTfjs(shared, options.wasmPaths),
      ]);
      const memory = backend.wasm.wasmMemory ?? backend.wasm.asm.memory;
      const run = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
      const job = (allocate(backend.wasm, run.JOB_BYTES.value as number) + 63) & ~63;
      run.attach(job, threads, Number(shared && mayBlock()));
      run.reset();
      const runtime = makeRuntime(backend, run, threads);
      if (shared) await startWorkers({ module, memory, job, threads });
      registerRepairs(runtime);
      kernels = makeForms(runtime);
      return {
        backend: 'wasm',
        device: `${threads === 1 ? '1 thread' : `${threads} threads`}, ${relaxed ? 'relaxed SIMD' : 'SIMD'}`,
        threads,
        details: { relaxedSimd: relaxed, sharedMemory: shared, tfjs: version_core },
      };
    },
    kernels: () => kernels,
  };
}

async function threadCount(asked: number | undefined): Promise<number> {
  if (asked !== undefined && !(Number.isInteger(asked) && asked >= 1)) {
    throw new Error(`[peftjs/backend-wasm] threads must be a whole number of at least 1, found ${asked}`);
  }
  return canShareMemory() ? (asked ?? (await coreCount())) : 1;
}
