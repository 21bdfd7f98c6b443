// Our own kernels: the binary that fits this machine, compiled.
import { binaries } from './kernels.gen.ts';

type Kernels =
  | 'adamw'
  | 'adamw8bit'
  | 'attention'
  | 'attentionGrad'
  | 'copy'
  | 'copyRows'
  | 'crossEntropy'
  | 'crossEntropyGrad'
  | 'fill'
  | 'gatherRows'
  | 'gelu'
  | 'geluGrad'
  | 'gemm'
  | 'gemmBatch'
  | 'gemvColumns'
  | 'gemvRows'
  | 'layerNorm'
  | 'layerNormGamma'
  | 'layerNormGrad'
  | 'packedFew'
  | 'packedMany'
  | 'packedRows'
  | 'patches'
  | 'repeat'
  | 'rmsNorm'
  | 'rmsNormGamma'
  | 'rmsNormGrad'
  | 'rope'
  | 'scale'
  | 'scatterRows'
  | 'setGroups'
  | 'setMatrix'
  | 'sumGroups'
  | 'sumRows'
  | 'swiglu'
  | 'swigluGrad'
  | 'unary';

/** What assembly/index.ts exports. Pointers, counts and strides are numbers; strides are in bytes. */
export interface KernelExports extends Readonly<Record<Kernels, (...args: number[]) => void>> {
  readonly JOB_BYTES: WebAssembly.Global;
  readonly GEMM_SCRATCH: WebAssembly.Global;
  /** The kinds of codes that `setMatrix` knows. */
  readonly F16: WebAssembly.Global;
  readonly BF16: WebAssembly.Global;
  readonly GROUPS4: WebAssembly.Global;
  readonly GROUPS8: WebAssembly.Global;
  /** The functions that `unary` knows. */
  readonly ERF: WebAssembly.Global;
  readonly EXP: WebAssembly.Global;
  readonly TANH: WebAssembly.Global;
  attach(job: number, threads: number, mayBlock: number): void;
  reset(): void;
  setScratch(at: number, bytesPerThread: number): void;
  /** Bytes of scratch memory that attention over so many keys needs on each thread. */
  attentionScratch(keys: number): number;
}

export interface KernelModule {
  readonly module: WebAssembly.Module;
  /** Whether it uses the fused multiply-add of relaxed SIMD. */
  readonly relaxed: boolean;
}

/** Whether this machine runs WebAssembly with fixed-width SIMD. */
export function simdSupported(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(bytesOf(binaries.plain));
}

export async function compileKernels(shared: boolean): Promise<KernelModule> {
  const relaxed = bytesOf(shared ? binaries.relaxedShared : binaries.relaxed);
  if (WebAssembly.validate(relaxed)) return { module: await WebAssembly.compile(relaxed), relaxed: true };
  const module = await compileWithFlag(relaxed);
  if (module !== null) return { module, relaxed: true };
  const plain = bytesOf(shared ? binaries.plainShared : binaries.plain);
  return { module: await WebAssembly.compile(plain), relaxed: false };
}

/**
 * Node 20 has relaxed SIMD as it was standardized later, behind a flag that only the compilation reads: it is set for as
 * long as that takes. Worth a factor of 1.4 in every product.
 */
async function compileWithFlag(bytes: BufferSource): Promise<WebAssembly.Module | null> {
  if (typeof process === 'undefined' || process.versions?.node === undefined) return null;
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  try {
    return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
  } finally {
    setFlagsFromString('--no-experimental-wasm-relaxed-simd');
  }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
