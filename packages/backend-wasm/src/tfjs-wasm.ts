// tfjs's wasm backend, started silently and without threads of its own; with the memory that our threads can share.
import { env, findBackend, setBackend, type TensorInfo } from '@tensorflow/tfjs-core';

/** What of tfjs's backend is used here; `tfjs-wasm.test.ts` fails when a version no longer has it. */
export interface TfjsWasm {
  readonly wasm: {
    readonly asm: { readonly memory: WebAssembly.Memory };
    /** Only in the threaded binary, where the memory is made outside. */
    readonly wasmMemory?: WebAssembly.Memory;
    _malloc(bytes: number): number;
    _free(at: number): void;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  incRef(dataId: object): void;
  numDataIds(): number;
  makeOutput(shape: readonly number[], dtype: string): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array | Uint8Array;
  disposeData(dataId: object): boolean;
}

const WITHOUT_SIMD = 'tfjs-backend-wasm.wasm';

/** Answers tfjs's pool of threads that all of them are there; none is ever asked to run. */
class IdleWorker {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: unknown = null;

  postMessage(message: { readonly cmd?: string }): void {
    if (message.cmd === 'load') queueMicrotask(() => this.onmessage?.({ data: { cmd: 'loaded' } }));
  }
  on(): void {}
  ref(): void {}
  unref(): void {}
  terminate(): void {}
}

/**
 * Starts tfjs's backend and makes it the active one.
 *
 * @param shared whether its memory shall be shared between threads
 * @param paths where its binaries are, for `setWasmPaths`; in Node they are found
 */
export async function startTfjs(shared: boolean, paths?: string | Readonly<Record<string, string>>): Promise<TfjsWasm> {
  const tfjs = await import('@tensorflow/tfjs-backend-wasm');
  // tfjs wants an address for each of its binaries; the one without SIMD is never loaded here.
  if (paths !== undefined) tfjs.setWasmPaths(typeof paths === 'string' ? paths : { [WITHOUT_SIMD]: '', ...paths });
  tfjs.setThreadsCount(1);
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', shared);
  const restore = [withoutWorkers(), withoutListeners()];
  try {
    if (!(await setBackend('wasm'))) {
      throw new Error(
        '[peftjs/backend-wasm] tfjs could not start its wasm backend; in a page, say where its binaries are: wasm({ wasmPaths })',
      );
    }
  } finally {
    for (const undo of restore) undo();
  }
  return findBackend('wasm') as unknown as TfjsWasm;
}

/** Emscripten overwrites the global `Worker` in Node and starts eight of them: while it starts it gets idle ones. */
function withoutWorkers(): () => void {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  Object.defineProperty(globalThis, 'Worker', { configurable: true, get: () => IdleWorker, set: () => {} });
  return () => {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'Worker');
    else Object.defineProperty(globalThis, 'Worker', before);
  };
}

/** Emscripten adds listeners for errors of the whole process, and means to take them away again. */
function withoutListeners(): () => void {
  if (typeof process === 'undefined' || typeof process.listeners !== 'function') return () => {};
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as 'uncaughtException')));
  return () => {
    for (const [i, event] of events.entries()) {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!before[i]?.has(listener)) process.removeListener(event, listener);
      }
    }
  };
}
