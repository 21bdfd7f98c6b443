// Numbers of 16 bits, two to a word: IEEE 754 binary16 and bfloat16. Reading a code is exact, making one rounds to the
// nearest, to even where two are as near.
import { emptyArrays, type HalfForm, type PackedArray, type PackedArrays, type Packing } from '@peftjs/backend';

/** A packing whose codes are a file's own bytes, where the file has its numbers so. */
export interface HalfPacking extends Packing {
  readonly form: HalfForm;
  /** What files call it. */
  readonly dtype: string;
  /** The bits of a code's exponent, all of them ones in what is no finite number. */
  readonly exponent: number;
}

/** How one kind of code is made and read. */
interface Code extends Pick<HalfPacking, 'name' | 'dtype' | 'exponent'> {
  /** The code for the bits of a float32. */
  encode(bits: number): number;
  decode(codes: Uint16Array, out: Float32Array): void;
}

function halfPacking({ name, dtype, exponent, encode, decode }: Code): HalfPacking {
  const stride = (inDim: number) => Math.ceil(inDim / 2);
  const arrays = (outDim: number, inDim: number): { codes: PackedArray } => ({
    codes: { shape: [outDim, stride(inDim)], dtype: 'int32' },
  });
  const codesOf = ({ codes }: PackedArrays) => new Uint16Array(codes.buffer, codes.byteOffset, 2 * codes.length);
  return {
    name,
    dtype,
    exponent,
    form: { kind: 'half', exponent: exponent === 0x7c00 ? 5 : 8 },
    arrays,
    encoder(outDim, inDim) {
      const made = emptyArrays({ arrays }, outDim, inDim);
      const codes = codesOf(made);
      const width = 2 * stride(inDim);
      return {
        encode(rows, first) {
          const bits = bitsOf(rows);
          for (let start = 0, to = first * width; start < rows.length; start += inDim, to += width) {
            for (let i = 0; i < inDim; i++) {
              const code = encode(bits[start + i] as number);
              if ((code & exponent) === exponent) return start + i;
              codes[to + i] = code;
            }
          }
          return -1;
        },
        finish: () => made,
      };
    },
    decode(arrays, row, out) {
      const start = row * 2 * stride(out.length);
      decode(codesOf(arrays).subarray(start, start + out.length), out);
    },
  };
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** binary16: 5 bits of exponent, 10 of fraction; up to 65504. */
export const float16: HalfPacking = halfPacking({
  name: 'f16',
  dtype: 'F16',
  exponent: 0x7c00,
  encode(bits) {
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude >= 0x477ff000) return sign | 0x7c00;
    if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    if (magnitude <= 0x33000000) return sign;
    const shift = 126 - (magnitude >>> 23);
    const fraction = (magnitude & 0x7fffff) | 0x800000;
    const code = fraction >>> shift;
    const rest = fraction & ((1 << shift) - 1);
    const half = 1 << (shift - 1);
    return sign | (rest > half || (rest === half && code & 1) ? code + 1 : code);
  },
  decode(codes, out) {
    const table = float16Values();
    for (let i = 0; i < out.length; i++) out[i] = table[codes[i] as number] as number;
  },
});

let table: Float32Array | undefined;

/** The number of every code: looking it up takes less time than its bits do. */
function float16Values(): Float32Array {
  table ??= Float32Array.from({ length: 0x10000 }, (_, code) => {
    const exponent = (code >>> 10) & 0x1f;
    const fraction = (code & 0x3ff) / 1024;
    const size = exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
    return code & 0x8000 ? -size : size;
  });
  return table;
}

/** bfloat16: the upper half of a float32. */
export const bfloat16: HalfPacking = halfPacking({
  name: 'bf16',
  dtype: 'BF16',
  exponent: 0x7f80,
  encode: (bits) =>
    (bits & 0x7fffffff) >= 0x7f800000 ? 0x7f80 : ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff,
  decode(codes, out) {
    const bits = bitsOf(out);
    for (let i = 0; i < bits.length; i++) bits[i] = (codes[i] as number) << 16;
  },
});
