/** Buffers from which on freeing pays; below, a platform may keep several arrays in one. */
const LEAST = 2 ** 16;

/** Frees memory that nobody reads any more. The collector would find it much later: it counts objects, and these are few. */
export function freeMemory(arrays: readonly Uint8Array[]): void {
  for (const { buffer } of arrays) {
    // Moved to a young object, it goes with that; a part of one that has gone is empty.
    if (buffer.byteLength >= LEAST) structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  }
}
