/** Little-endian bytes of one dtype to the arrays that tensors are made from. */
import type { Dtype } from './dtype.ts';
import { decodeBfloat16, decodeFloat16 } from './float16.ts';

/** Decodes `bytes` into `out`, which has as many elements as they hold. */
export type Float32Decoder = (bytes: Uint8Array, out: Float32Array) => void;

/** Decodes like `Float32Decoder`; gives the first value that is no int32, or null. */
export type Int32Decoder = (bytes: Uint8Array, out: Int32Array) => number | bigint | null;

/** How to read `dtype` as float32; null where it is not a floating-point type that is read. */
export function decodeFloat32(dtype: Dtype): Float32Decoder | null {
  switch (dtype) {
    case 'F32':
      return copyBytes;
    case 'F16':
      return (bytes, out) => decodeFloat16(aligned(bytes, Uint16Array), out);
    case 'BF16':
      return (bytes, out) => decodeBfloat16(aligned(bytes, Uint16Array), out);
    case 'F64':
      return (bytes, out) => out.set(aligned(bytes, Float64Array));
    default:
      return null;
  }
}

/** How to read `dtype` as int32; null where it is not an integer or boolean type. */
export function decodeInt32(dtype: Dtype): Int32Decoder | null {
  switch (dtype) {
    case 'BOOL':
    case 'U8':
      return (bytes, out) => copyValues(bytes, out);
    case 'I8':
      return (bytes, out) => copyValues(aligned(bytes, Int8Array), out);
    case 'I16':
      return (bytes, out) => copyValues(aligned(bytes, Int16Array), out);
    case 'U16':
      return (bytes, out) => copyValues(aligned(bytes, Uint16Array), out);
    case 'I32':
      return (bytes, out) => {
        copyBytes(bytes, out);
        return null;
      };
    case 'U32':
      return (bytes, out) => copyValues(aligned(bytes, Uint32Array), out);
    case 'I64':
      return (bytes, out) => copyBigValues(aligned(bytes, BigInt64Array), out);
    case 'U64':
      return (bytes, out) => copyBigValues(aligned(bytes, BigUint64Array), out);
    default:
      return null;
  }
}

function copyBytes(bytes: Uint8Array, out: Float32Array | Int32Array): void {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
}

function copyValues(values: Int8Array | Uint8Array | Int16Array | Uint16Array | Uint32Array, out: Int32Array) {
  out.set(values);
  if (values.BYTES_PER_ELEMENT < 4) return null;
  return values.find((value) => value > 0x7fffffff) ?? null;
}

function copyBigValues(values: BigInt64Array | BigUint64Array, out: Int32Array): bigint | null {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (BigInt.asIntN(32, value) !== value) return value;
    out[i] = Number(value);
  }
  return null;
}

interface ArrayType<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
}

/** A view of `bytes` as elements; of a copy where they do not start on an element's boundary. */
function aligned<A>(bytes: Uint8Array, type: ArrayType<A>): A {
  const at = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new type(at.buffer, at.byteOffset, at.byteLength / type.BYTES_PER_ELEMENT);
}
