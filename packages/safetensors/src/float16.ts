/**
 * IEEE 754 binary16 and bfloat16 to and from float32, on raw bits: exact when widening, round-to-nearest-even when
 * narrowing, NaN payloads kept as far as they fit.
 */

let table: Uint32Array | null = null;

/** float32 bits of every binary16 code: a table beats arithmetic on the bits. */
function float32BitsOfFloat16(): Uint32Array {
  if (table) return table;
  table = new Uint32Array(65536);
  for (let code = 0; code < 65536; code++) {
    const sign = (code & 0x8000) << 16;
    const exponent = (code >>> 10) & 0x1f;
    const mantissa = code & 0x3ff;
    let bits = 0;
    if (exponent === 0x1f) bits = 0x7f800000 | (mantissa << 13);
    else if (exponent > 0) bits = ((exponent + 112) << 23) | (mantissa << 13);
    else if (mantissa > 0) {
      const shift = Math.clz32(mantissa) - 21;
      bits = ((113 - shift) << 23) | ((mantissa << (13 + shift)) & 0x7fffff);
    }
    table[code] = sign | bits;
  }
  return table;
}

/** Decodes binary16 codes into `out`, which has as many elements as `codes`. */
export function decodeFloat16(codes: Uint16Array, out: Float32Array): void {
  const bits = float32BitsOfFloat16();
  const target = bitsOf(out);
  const { length } = codes;
  let i = 0;
  // Four a turn take half the time that they take one by one.
  for (; i + 3 < length; i += 4) {
    target[i] = bits[codes[i]!]!;
    target[i + 1] = bits[codes[i + 1]!]!;
    target[i + 2] = bits[codes[i + 2]!]!;
    target[i + 3] = bits[codes[i + 3]!]!;
  }
  for (; i < length; i++) target[i] = bits[codes[i]!]!;
}

/** Decodes bfloat16 codes into `out`, which has as many elements as `codes`. */
export function decodeBfloat16(codes: Uint16Array, out: Float32Array): void {
  const target = bitsOf(out);
  const { length } = codes;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    target[i] = codes[i]! << 16;
    target[i + 1] = codes[i + 1]! << 16;
    target[i + 2] = codes[i + 2]! << 16;
    target[i + 3] = codes[i + 3]! << 16;
  }
  for (; i < length; i++) target[i] = codes[i]! << 16;
}

/** Rounds float32 values to binary16 codes. From 65520 on they become infinity. */
export function encodeFloat16(values: Float32Array, out: Uint16Array): void {
  const source = bitsOf(values);
  for (let i = 0; i < values.length; i++) {
    const bits = source[i]!;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    out[i] = sign | float16Magnitude(magnitude);
  }
}

function float16Magnitude(bits: number): number {
  if (bits > 0x7f800000) return 0x7c00 | ((bits >>> 13) & 0x3ff || 0x200);
  if (bits >= 0x477ff000) return 0x7c00;
  if (bits >= 0x38800000) return (bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13;
  if (bits <= 0x33000000) return 0;
  const shift = 126 - (bits >>> 23);
  const mantissa = (bits & 0x7fffff) | 0x800000;
  const code = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (code & 1) === 1) ? code + 1 : code;
}

/** Rounds float32 values to bfloat16 codes. */
export function encodeBfloat16(values: Float32Array, out: Uint16Array): void {
  const source = bitsOf(values);
  for (let i = 0; i < values.length; i++) {
    const bits = source[i]!;
    if ((bits & 0x7fffffff) > 0x7f800000) out[i] = (bits >>> 16) | (((bits >>> 16) & 0x7f) === 0 ? 0x40 : 0);
    else out[i] = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
