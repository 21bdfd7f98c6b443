// Where the bytes of a tensor come from: a model's file, memory, or nowhere.
import type { SafetensorsFile } from '@peftjs/safetensors';
import { DTYPE_BITS } from '@peftjs/safetensors';
import type { TensorBytes, TensorKind } from './codec.ts';
import { DeltaError } from './delta-error.ts';

/** Bytes of a tensor whose size was checked when its file was opened. */
export function bytesOf({ dtype, shape }: TensorKind): number {
  return (shape.reduce((n, d) => n * d, 1) * DTYPE_BITS[dtype]) / 8;
}

export function isSameKind(a: TensorKind, b: TensorKind): boolean {
  return a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((d, i) => d === b.shape[i]);
}

/** A tensor of a model's file. */
export function fileBytes(file: SafetensorsFile, name: string): TensorBytes {
  const { begin, end } = file.tensors.get(name) as { begin: number; end: number };
  return { bytes: end - begin, read: (from, to) => file.read(name, from, to) };
}

/** Bytes in memory. */
export function memoryBytes(bytes: Uint8Array): TensorBytes {
  return { bytes: bytes.length, read: async (begin, end) => bytes.subarray(begin, end) };
}

/** Nothing but zeros: a tensor that the other side lacks is encoded as its difference from them. */
export function zeroBytes(bytes: number): TensorBytes {
  return { bytes, read: async (begin, end) => new Uint8Array(end - begin) };
}

/** Bytes read at a time. */
const PIECE = 2 ** 22;

/** The same in memory, where it is no more than a piece, so that it is read but once. */
export async function heldBytes<T extends TensorBytes>(tensor: T): Promise<T> {
  return tensor.bytes > PIECE ? tensor : { ...tensor, ...memoryBytes(await tensor.read(0, tensor.bytes)) };
}

/** All of a tensor, of which one piece is in memory at a time. */
export async function* piecesOf({ bytes, read }: TensorBytes): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += PIECE) yield await read(at, Math.min(at + PIECE, bytes));
}

/** All of what comes in pieces. */
export async function collectPieces(pieces: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for await (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Bytes that come in pieces; each range that is read must begin where the last one ended. */
export function streamedBytes(pieces: AsyncIterable<Uint8Array>, bytes: number): TensorBytes {
  const stream = pieces[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  return {
    bytes,
    async read(begin, end) {
      const out = new Uint8Array(end - begin);
      for (let filled = 0; filled < out.length; ) {
        if (rest.length === 0) {
          const next = await stream.next();
          if (next.done) throw new DeltaError(`what was decoded ends at byte ${begin + filled} of ${bytes}`);
          rest = next.value;
        }
        const piece = rest.subarray(0, out.length - filled);
        out.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
      }
      return out;
    },
  };
}
