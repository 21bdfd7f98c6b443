// Blocks of 256 numbers in groups of 16 or 32, each group with a scale of a few bits times the block's float16 d. In halves
// of 128 numbers, 32 bytes of 2-bit codes are four groups of 32, lowest bits first; 32 bytes of 4-bit codes are two.
import { type Decoder, scalesOf } from './scales.ts';

/** d s q - dmin m: 16 bytes of s (low) and m (high), 64 bytes of codes, d, dmin */
export const q2_k: Decoder = (bytes, out) => {
  const [d, dmin] = [scalesOf(bytes, 84, 80), scalesOf(bytes, 84, 82)];
  for (let b = 0; b < d.length; b++) {
    const at = 84 * b;
    for (let group = 0; group < 16; group++) {
      const packed = bytes[at + group] as number;
      const [scale, least] = [(d[b] as number) * (packed & 15), (dmin[b] as number) * (packed >> 4)];
      const { from, shift } = twoBits(group);
      const to = 256 * b + 16 * group;
      for (let k = 0; k < 16; k++) out[to + k] = scale * (((bytes[at + 16 + from + k] as number) >> shift) & 3) - least;
    }
  }
};

/** d (s - 32) q, q of -4 to 3: 32 bytes of third bits, 64 bytes of codes, 12 bytes of s, d */
export const q3_k: Decoder = (bytes, out) => {
  const d = scalesOf(bytes, 110, 108);
  for (let b = 0; b < d.length; b++) {
    const at = 110 * b;
    const scales = bytes.subarray(at + 96, at + 108);
    for (let group = 0; group < 16; group++) {
      const low = ((scales[group % 8] as number) >> (group < 8 ? 0 : 4)) & 15;
      const high = ((scales[8 + (group % 4)] as number) >> (2 * Math.floor(group / 4))) & 3;
      const scale = (d[b] as number) * ((low | (high << 4)) - 32);
      const { from, shift } = twoBits(group);
      const [third, bit] = [at + ((16 * group) % 32), Math.floor(group / 2)];
      const to = 256 * b + 16 * group;
      for (let k = 0; k < 16; k++) {
        const code = ((bytes[at + 32 + from + k] as number) >> shift) & 3;
        out[to + k] = scale * (code - (((bytes[third + k] as number) >> bit) & 1 ? 0 : 4));
      }
    }
  }
};

/** d s q - dmin m: d, dmin, 12 bytes of s and m, 128 bytes of codes */
export const q4_k: Decoder = (bytes, out) => {
  const [d, dmin] = [scalesOf(bytes, 144, 0), scalesOf(bytes, 144, 2)];
  for (let b = 0; b < d.length; b++) {
    const at = 144 * b;
    for (let group = 0; group < 8; group++) {
      const [s, m] = scaleAndLeast(bytes, at + 4, group);
      const [scale, least] = [(d[b] as number) * s, (dmin[b] as number) * m];
      const [from, shift, to] = [at + 16 + 32 * (group >> 1), 4 * (group & 1), 256 * b + 32 * group];
      for (let k = 0; k < 32; k++) out[to + k] = scale * (((bytes[from + k] as number) >> shift) & 15) - least;
    }
  }
};

/** d s q - dmin m: d, dmin, 12 bytes of s and m, 32 bytes of fifth bits, 128 bytes of codes */
export const q5_k: Decoder = (bytes, out) => {
  const [d, dmin] = [scalesOf(bytes, 176, 0), scalesOf(bytes, 176, 2)];
  for (let b = 0; b < d.length; b++) {
    const at = 176 * b;
    for (let group = 0; group < 8; group++) {
      const [s, m] = scaleAndLeast(bytes, at + 4, group);
      const [scale, least] = [(d[b] as number) * s, (dmin[b] as number) * m];
      const [from, shift, to] = [at + 48 + 32 * (group >> 1), 4 * (group & 1), 256 * b + 32 * group];
      for (let k = 0; k < 32; k++) {
        const fifth = ((bytes[at + 16 + k] as number) >> group) & 1;
        out[to + k] = scale * ((((bytes[from + k] as number) >> shift) & 15) | (fifth << 4)) - least;
      }
    }
  }
};

/** d s (q - 32), s signed: 128 bytes of low bits, 64 bytes of high ones, 16 bytes of s, d */
export const q6_k: Decoder = (bytes, out) => {
  const d = scalesOf(bytes, 210, 208);
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let b = 0; b < d.length; b++) {
    const at = 210 * b;
    for (let group = 0; group < 16; group++) {
      const scale = (d[b] as number) * (signed[at + 192 + group] as number);
      const { from, shift } = twoBits(group);
      // In each half, 64 bytes of low bits: its first 64 numbers in their low halves, its last in the high ones.
      const [half, within] = [group >> 3, group & 7];
      const [low, lowShift] = [at + 64 * half + 16 * (within & 3), within < 4 ? 0 : 4];
      const to = 256 * b + 16 * group;
      for (let k = 0; k < 16; k++) {
        const high = ((bytes[at + 128 + from + k] as number) >> shift) & 3;
        out[to + k] = scale * (((((bytes[low + k] as number) >> lowShift) & 15) | (high << 4)) - 32);
      }
    }
  }
};

/** Where the codes of a group of 16 lie among 64 bytes of 2-bit ones. */
function twoBits(group: number): { readonly from: number; readonly shift: number } {
  return { from: 32 * (group >> 3) + 16 * (group & 1), shift: 2 * ((group >> 1) & 3) };
}

/** Eight pairs of 6 bits in 12 bytes: the last four have their upper two bits above those of the first four. */
function scaleAndLeast(bytes: Uint8Array, at: number, group: number): readonly [scale: number, least: number] {
  const byte = (k: number) => bytes[at + k] as number;
  if (group < 4) return [byte(group) & 63, byte(4 + group) & 63];
  const low = byte(4 + group);
  return [(low & 15) | ((byte(group - 4) >> 2) & 48), (low >> 4) | ((byte(group) >> 2) & 48)];
}
