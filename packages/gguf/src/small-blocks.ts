// Blocks of 32 numbers: float16 scales first, then the codes. Of the 16 bytes of 4-bit codes the low halves are the block's
// first 16 numbers, the high halves its last; fifth bits lie in a word of 32 before them, the first number's lowest.
import { type Decoder, scalesOf } from './scales.ts';

const HALF = 16;

/** d (q - 8): d, 16 bytes */
export const q4_0: Decoder = (bytes, out) => {
  const d = scalesOf(bytes, 18, 0);
  for (let b = 0; b < d.length; b++) {
    const [codes, to, scale] = [18 * b + 2, 32 * b, d[b] as number];
    for (let k = 0; k < HALF; k++) {
      const code = bytes[codes + k] as number;
      out[to + k] = scale * ((code & 15) - 8);
      out[to + HALF + k] = scale * ((code >> 4) - 8);
    }
  }
};

/** d q + m: d, m, 16 bytes */
export const q4_1: Decoder = (bytes, out) => {
  const [d, m] = [scalesOf(bytes, 20, 0), scalesOf(bytes, 20, 2)];
  for (let b = 0; b < d.length; b++) {
    const [codes, to, scale, least] = [20 * b + 4, 32 * b, d[b] as number, m[b] as number];
    for (let k = 0; k < HALF; k++) {
      const code = bytes[codes + k] as number;
      out[to + k] = scale * (code & 15) + least;
      out[to + HALF + k] = scale * (code >> 4) + least;
    }
  }
};

/** d (q - 16): d, fifth bits, 16 bytes */
export const q5_0: Decoder = (bytes, out) => {
  const d = scalesOf(bytes, 22, 0);
  for (let b = 0; b < d.length; b++) {
    const [fifth, codes, to, scale] = [word(bytes, 22 * b + 2), 22 * b + 6, 32 * b, d[b] as number];
    for (let k = 0; k < HALF; k++) {
      const code = bytes[codes + k] as number;
      out[to + k] = scale * (((code & 15) | (((fifth >>> k) & 1) << 4)) - 16);
      out[to + HALF + k] = scale * (((code >> 4) | (((fifth >>> (k + HALF)) & 1) << 4)) - 16);
    }
  }
};

/** d q + m: d, m, fifth bits, 16 bytes */
export const q5_1: Decoder = (bytes, out) => {
  const [d, m] = [scalesOf(bytes, 24, 0), scalesOf(bytes, 24, 2)];
  for (let b = 0; b < d.length; b++) {
    const [fifth, codes, to] = [word(bytes, 24 * b + 4), 24 * b + 8, 32 * b];
    const [scale, least] = [d[b] as number, m[b] as number];
    for (let k = 0; k < HALF; k++) {
      const code = bytes[codes + k] as number;
      out[to + k] = scale * ((code & 15) | (((fifth >>> k) & 1) << 4)) + least;
      out[to + HALF + k] = scale * ((code >> 4) | (((fifth >>> (k + HALF)) & 1) << 4)) + least;
    }
  }
};

/** d q: d, 32 signed bytes */
export const q8_0: Decoder = (bytes, out) => {
  const d = scalesOf(bytes, 34, 0);
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let b = 0; b < d.length; b++) {
    const [from, to, scale] = [34 * b + 2, 32 * b, d[b] as number];
    for (let k = 0; k < 32; k++) out[to + k] = scale * (codes[from + k] as number);
  }
};

function word(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = bytes.subarray(at, at + 4) as unknown as [number, number, number, number];
  return a | (b << 8) | (c << 16) | (d << 24);
}
