// Where the bytes of a tensor come from: a model's file, memory, or nowhere.
import type { SafetensorsFile } from '@peftjs/safetensors';
import { DTYPE_BITS } from '@peftjs/safetensors';
import type { TensorBytes, TensorKind } from './codec.ts';
import { DeltaError } from './delta-error.ts';
import { lend } from './room.ts';

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
  return { bytes: end - begin, read: (from, to, into) => file.read(name, from, to, into) };
}

/** Bytes in memory. */
export function memoryBytes(bytes: Uint8Array): TensorBytes {
  return { bytes: bytes.length, read: async (begin, end) => bytes.subarray(begin, end) };
}

/** Nothing but zeros: a tensor that the other side lacks is encoded as its difference from them. */
export function zeroBytes(bytes: number): TensorBytes {
  let zeros = new Uint8Array(0);
  return {
    bytes,
    async read(begin, end) {
      if (zeros.length < end - begin) zeros = new Uint8Array(end - begin);
      return zeros.subarray(0, end - begin);
    },
  };
}

/** Bytes read at a time. */
export const PIECE: number = 2 ** 21;

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
export interface StreamedBytes extends TensorBytes {
  /** No more are read, and those that were are not needed any more. */
  end(): Promise<void>;
}

export function streamedBytes(pieces: AsyncIterable<Uint8Array>, bytes: number): StreamedBytes {
  const stream = pieces[Symbol.asyncIterator]();
  const { room, giveBack } = lend();
  let rest: Uint8Array = new Uint8Array(0);
  const take = (most: number) => {
    const piece = rest.subarray(0, most);
    rest = rest.subarray(piece.length);
    return piece;
  };
  return {
    bytes,
    async read(begin, end) {
      const length = end - begin;
      if (length <= rest.length) return take(length);
      const out = room(length);
      for (let filled = 0; filled < length; ) {
        if (rest.length === 0) {
          const next = await stream.next();
          if (next.done) throw new DeltaError(`what was decoded ends at byte ${begin + filled} of ${bytes}`);
          rest = next.value;
        }
        // Without a copy where one piece has all of it.
        if (filled === 0 && length <= rest.length) return take(length);
        const piece = take(length - filled);
        out.set(piece, filled);
        filled += piece.length;
      }
      return out;
    },
    async end() {
      await stream.return?.();
      giveBack();
    },
  };
}
