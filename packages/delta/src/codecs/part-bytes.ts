// The bytes of a part: cut into chunks, and read again in ranges.
import { type Dtype, quote } from '@peftjs/safetensors';
import type { EncodedPart, Stored } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { streamedBytes } from '../tensor-bytes.ts';

/** Bytes of a chunk. */
const CHUNK = 2 ** 20;

export function partOf(dtype: Dtype, shape: readonly number[], values: ArrayBufferView): EncodedPart {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) chunks.push(bytes.subarray(at, at + CHUNK));
  return { dtype, shape, chunks };
}

/**
 * Reads a part in ranges of bytes, each from where the last one ended.
 *
 * @throws where it is not of this kind
 */
export function partReader(
  stored: Stored,
  name: string,
  dtype: Dtype,
  shape: readonly number[],
): (begin: number, end: number) => Promise<Uint8Array> {
  const part = stored.part(name);
  if (part.dtype !== dtype || String(part.shape) !== String(shape))
    throw new DeltaError(
      `the part ${quote(name)} is ${part.dtype} [${part.shape}]; the tensor needs ${dtype} [${shape}]`,
    );
  async function* chunks() {
    for (let i = 0; i < part.chunks; i++) yield await part.chunk(i);
  }
  return streamedBytes(chunks(), part.bytes).read;
}

/** All of a part. */
export function readPart(stored: Stored, name: string, dtype: Dtype, shape: readonly number[]): Promise<Uint8Array> {
  return partReader(stored, name, dtype, shape)(0, stored.part(name).bytes);
}
