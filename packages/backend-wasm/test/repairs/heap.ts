// The memory in which the wasm backend keeps its tensors.
import { findBackend, type Tensor } from '@tensorflow/tfjs-core';

interface Heap {
  readonly dataIdMap: { get(id: object): { memoryOffset: number } };
  readonly wasm: { readonly HEAPU8: Uint8Array };
  numDataIds(): number;
}

export function heap(): Heap {
  return findBackend('wasm') as unknown as Heap;
}

/** Writes into the buffer of a tensor, as an optimizer that works in place does. */
export function overwrite(x: Tensor, value: number): void {
  const { memoryOffset } = heap().dataIdMap.get(x.dataId);
  new Float32Array(heap().wasm.HEAPU8.buffer, memoryOffset, x.size).fill(value);
}
