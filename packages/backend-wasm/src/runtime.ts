// What a kernel of ours runs with: the compiled functions, the place of a tensor in memory, new tensors, scratch memory.
import { engine, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelExports } from './kernel-module.ts';
import type { TfjsWasm } from './tfjs-wasm.ts';

export interface Runtime {
  readonly run: KernelExports;
  readonly backend: TfjsWasm;
  /** Where a tensor lies. */
  at(tensor: TensorInfo): number;
  /** The values of a float32 tensor where they lie; good until the next tensor is made, when the memory may grow. */
  floats(tensor: TensorInfo): Float32Array;
  /** What a tfjs kernel returns: an uninitialized float32 tensor, not yet known to the engine. */
  output(shape: readonly number[]): TensorInfo;
  /** An uninitialized float32 tensor. */
  tensor(shape: readonly number[]): Tensor;
  zeros(shape: readonly number[]): Tensor;
  copy(x: Tensor): Tensor;
  /** Sees to it that each thread has so many bytes of scratch memory beside what products need. */
  reserve(bytesPerThread: number): void;
}

export function makeRuntime(backend: TfjsWasm, run: KernelExports, threads: number): Runtime {
  const { wasm } = backend;
  const products = run.GEMM_SCRATCH.value as number;
  let reserved = -1;
  let scratch = 0;
  const runtime: Runtime = {
    run,
    backend,
    at: (tensor) => backend.dataIdMap.get(tensor.dataId).memoryOffset,
    floats: (tensor) => backend.typedArrayFromHeap(tensor) as Float32Array,
    output: (shape) => backend.makeOutput(shape, 'float32'),
    tensor: (shape) => makeTensor(backend.makeOutput(shape, 'float32')),
    zeros(shape) {
      const out = runtime.tensor(shape);
      run.fill(runtime.at(out), 0, out.size * 4);
      return out;
    },
    copy(x) {
      const out = runtime.tensor(x.shape);
      run.copy(runtime.at(out), runtime.at(x), x.size * 4);
      return out;
    },
    reserve(bytes) {
      if (bytes <= reserved) return;
      if (scratch !== 0) wasm._free(scratch);
      reserved = (bytes + 63) & ~63;
      scratch = allocate(wasm, (threads + 1) * (products + reserved));
      run.setScratch(scratch, products + reserved);
    },
  };
  runtime.reserve(0);
  return runtime;
}

/** Memory outside of any tensor, aligned to a cache line. */
export function allocate(wasm: TfjsWasm['wasm'], bytes: number): number {
  const at = wasm._malloc(bytes + 64) >>> 0;
  if (at === 0) throw new Error(`[peftjs/backend-wasm] out of memory: ${bytes} bytes of scratch`);
  return at;
}

function makeTensor(info: TensorInfo): Tensor {
  return (engine() as unknown as { makeTensorFromTensorInfo(info: TensorInfo): Tensor }).makeTensorFromTensorInfo(info);
}
