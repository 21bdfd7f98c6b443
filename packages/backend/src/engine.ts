// The hooks of tfjs's engine that the backward pass and the memory meter stand on. They are private there, so they are
// named in this one file, and `engine.test.ts` fails when a version of tfjs no longer has them.
import { type Tensor, engine as tfjsEngine } from '@tensorflow/tfjs-core';

/** One recorded operation. */
export interface TapeNode {
  readonly id: number;
  readonly kernelName: string;
  /** An input that may be left out is `undefined` where it was. */
  readonly inputs: Readonly<Record<string, Tensor | undefined>>;
  readonly outputs: readonly Tensor[];
  readonly saved?: readonly Tensor[];
  /** The gradient of each input as a closure, so that one nobody asks for costs nothing. */
  readonly gradient?: (dys: (Tensor | undefined)[]) => Readonly<Record<string, () => Tensor | null>>;
}

export interface TensorInfo {
  readonly bytes: number;
}

/** Which buffers there are; `set` when one is made, `delete` when it is freed. */
export interface TensorInfoMap {
  get(dataId: object): TensorInfo | undefined;
  has(dataId: object): boolean;
  set(dataId: object, info: TensorInfo): unknown;
  delete(dataId: object): boolean;
}

export interface EngineState {
  activeTape: TapeNode[] | null;
  gradientDepth: number;
  kernelDepth: number;
  tensorInfo: TensorInfoMap;
  activeScope: Scope | null;
  scopeStack: Scope[];
}

/** What a `tidy` that is running will free. */
export interface Scope {
  readonly track: Tensor[];
}

export interface Engine {
  readonly state: EngineState;
  readonly backendName: string;
  tidy<T>(f: () => T): T;
  tidy<T>(name: string, f: () => T): T;
  keep<T extends Tensor>(tensor: T): T;
  runKernelFunc(call: {
    forwardFunc: (backend: unknown, save: (tensors: readonly Tensor[]) => void) => Tensor | Tensor[];
    backwardsFunc: (dys: Tensor | Tensor[], saved: readonly Tensor[]) => Readonly<Record<string, () => Tensor | null>>;
    inputs: Readonly<Record<string, Tensor>>;
    attrs: object;
  }): Tensor | Tensor[];
}

/** tfjs's engine, one per process. */
export const engine: () => Engine = tfjsEngine as unknown as () => Engine;

/** Runs `f` with nothing recorded: what it returns counts as a constant for the backward pass. */
export function untaped<T>(f: () => T): T {
  const { state } = engine();
  state.kernelDepth++;
  try {
    return f();
  } finally {
    state.kernelDepth--;
  }
}

/** Runs `f` as if right inside `scope`, a tidy that is still running: what `f` makes lives as long as that does. */
export function inScope<T>(scope: Scope | null, f: () => T): T {
  if (scope === null) return f();
  const { state } = engine();
  state.scopeStack.push(scope);
  state.activeScope = scope;
  try {
    return f();
  } finally {
    state.scopeStack.pop();
    state.activeScope = state.scopeStack.at(-1) ?? null;
  }
}
