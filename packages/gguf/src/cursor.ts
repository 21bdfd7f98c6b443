// Reads little-endian values one after the other. Where the bytes at hand end, it says so by `EndOfBytes`.
import { GgufError } from './gguf-error.ts';

/** More bytes are needed, this many in all. */
export class EndOfBytes extends Error {
  readonly needed: number;

  constructor(needed: number) {
    super();
    this.needed = needed;
  }
}

export interface Cursor {
  readonly at: number;
  number(type: NumberType): number | bigint;
  /** A whole number of 64 bits that counts something: no more than could be in a file. */
  count(what: string): number;
  text(what: string): string;
}

export type NumberType = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'f64';

const READERS: Readonly<
  Record<NumberType, { readonly size: number; read(view: DataView, at: number): number | bigint }>
> = {
  u8: { size: 1, read: (view, at) => view.getUint8(at) },
  i8: { size: 1, read: (view, at) => view.getInt8(at) },
  u16: { size: 2, read: (view, at) => view.getUint16(at, true) },
  i16: { size: 2, read: (view, at) => view.getInt16(at, true) },
  u32: { size: 4, read: (view, at) => view.getUint32(at, true) },
  i32: { size: 4, read: (view, at) => view.getInt32(at, true) },
  u64: { size: 8, read: (view, at) => view.getBigUint64(at, true) },
  i64: { size: 8, read: (view, at) => view.getBigInt64(at, true) },
  f32: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  f64: { size: 8, read: (view, at) => view.getFloat64(at, true) },
};

/**
 * @param bytes the file's first ones
 * @param fileSize how many there are in all: what claims more is refused
 */
export function cursorOn(bytes: Uint8Array, file: string, fileSize: number): Cursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let at = 0;
  const take = (length: number, what: string): number => {
    if (at + length > fileSize) {
      throw new GgufError(file, `${what} would end at byte ${at + length}, the file has ${fileSize}: it is truncated`);
    }
    if (at + length > bytes.length) throw new EndOfBytes(at + length);
    at += length;
    return at - length;
  };
  const number = (type: NumberType, what: string) => {
    const { size, read } = READERS[type];
    return read(view, take(size, what));
  };
  const count = (what: string) => {
    const value = number('u64', what) as bigint;
    if (value <= BigInt(fileSize)) return Number(value);
    throw new GgufError(file, `${what} is ${value}, more than the file of ${fileSize} bytes can hold`);
  };
  return {
    get at() {
      return at;
    },
    number: (type) => number(type, 'a number'),
    count,
    text(what) {
      const length = count(`the length of ${what}`);
      const start = take(length, what);
      try {
        return utf8.decode(bytes.subarray(start, start + length));
      } catch {
        throw new GgufError(file, `${what} at byte ${start} is no UTF-8`);
      }
    },
  };
}
