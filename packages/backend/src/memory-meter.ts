// Counts the bytes of distinct tensor buffers. `tf.memory().numBytes` counts a buffer once for each tensor on it.
import { engine, type TensorInfo, type TensorInfoMap } from './engine.ts';

export interface MemoryMeter {
  /** Bytes of the distinct buffers alive now. */
  readonly bytes: number;
  /** The most there were at once since the start or the last `reset`. */
  readonly peakBytes: number;
  reset(): void;
}

/** Stands in for the engine's own map from buffers to their sizes. Buffers made earlier stay in `earlier`, uncounted. */
class CountingMap implements TensorInfoMap, MemoryMeter {
  bytes = 0;
  peakBytes = 0;
  readonly #counted = new WeakMap<object, TensorInfo>();
  readonly #earlier: TensorInfoMap;

  constructor(earlier: TensorInfoMap) {
    this.#earlier = earlier;
  }

  get(dataId: object): TensorInfo | undefined {
    return this.#counted.get(dataId) ?? this.#earlier.get(dataId);
  }

  has(dataId: object): boolean {
    return this.#counted.has(dataId) || this.#earlier.has(dataId);
  }

  set(dataId: object, info: TensorInfo): this {
    this.bytes += info.bytes - (this.#counted.get(dataId)?.bytes ?? 0);
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
    this.#counted.set(dataId, info);
    return this;
  }

  delete(dataId: object): boolean {
    this.bytes -= this.#counted.get(dataId)?.bytes ?? 0;
    return this.#counted.delete(dataId) || this.#earlier.delete(dataId);
  }

  reset(): void {
    this.peakBytes = this.bytes;
  }
}

/** The meter of this process. Buffers that lived before the first call are not counted: call it before loading a model. */
export function memoryMeter(): MemoryMeter {
  const { state } = engine();
  if (!(state.tensorInfo instanceof CountingMap)) state.tensorInfo = new CountingMap(state.tensorInfo);
  return state.tensorInfo as CountingMap;
}
