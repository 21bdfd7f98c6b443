import type { ByteSource } from './byte-source.ts';
import { SafetensorsError } from './safetensors-error.ts';

/** Bytes in memory as a source. What `read` gives is a view of `bytes`, not a copy. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(start, end) {
      if (start < 0 || end < start || end > bytes.length) {
        throw new SafetensorsError(name, `bytes ${start} to ${end} were asked for, it has ${bytes.length}`);
      }
      return bytes.subarray(start, end);
    },
  };
}

/** A `Blob`, or a `File` that a user picked in a browser, as a source. */
export function blobSource(name: string, blob: Blob): ByteSource {
  return {
    name,
    size: blob.size,
    async read(start, end) {
      return new Uint8Array(await blob.slice(start, end).arrayBuffer());
    },
  };
}
