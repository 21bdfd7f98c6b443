// AdamW with means of 8 bits, in loops over the values as AdamW itself: no op reads the codes.
import {
  type Adamw8bitForm,
  adamw8bit,
  type Coded,
  DYNAMIC_BLOCK,
  DYNAMIC_WORDS,
  dynamicTable,
  type Kernel,
  kernel,
  once,
} from '@peftjs/backend';
import { tensor } from '@tensorflow/tfjs-core';
import { adamwStep, floats } from './adamw.ts';

/** So many numbers. */
function decode({ words, scales }: Coded, count: number, signed: boolean): Float32Array {
  const [all, sizes, table] = [floats(words), floats(scales), dynamicTable(signed)];
  const out = new Float32Array(count);
  for (let b = 0; b < sizes.length; b++) {
    const scale = sizes[b] as number;
    const end = Math.min(count, (b + 1) * DYNAMIC_BLOCK);
    for (let i = b * DYNAMIC_BLOCK, w = b * DYNAMIC_WORDS; i < end; w++) {
      for (let word = all[w] as number, k = 0; k < 3 && i < end; k++, i++, word >>= 8)
        out[i] = (table[word & 255] as number) * scale;
    }
  }
  return out;
}

function encode(values: Float32Array, signed: boolean): Coded {
  const { zero, first, bounds } = (signed ? signedCodes : unsignedCodes)();
  const blocks = Math.ceil(values.length / DYNAMIC_BLOCK);
  const scales = new Float32Array(blocks);
  const words = new Float32Array(blocks * DYNAMIC_WORDS);
  const sizes = new Float32Array(3 * DYNAMIC_WORDS);
  const bits = new Uint32Array(sizes.buffer);
  const codes = new Uint8Array(sizes.length);
  for (let b = 0; b < blocks; b++) {
    const block = values.subarray(b * DYNAMIC_BLOCK, (b + 1) * DYNAMIC_BLOCK);
    let most = 0;
    for (let i = 0; i < block.length; i++) most = Math.max(most, Math.abs(block[i] as number));
    scales[b] = most;
    const inverse = 1 / Math.max(most, 1e-30);
    codes.fill(zero);
    for (let i = 0; i < block.length; i++) {
      const value = block[i] as number;
      sizes[i] = Math.abs(value) * inverse;
      let rank = first[(bits[i] as number) >>> 16] as number;
      if ((sizes[i] as number) > (bounds[rank] as number)) rank++;
      codes[i] = value < 0 ? Math.max(0, zero - rank) : zero + rank;
    }
    for (let w = 0, i = 0; i < codes.length; w++, i += 3) {
      const three = (codes[i] as number) | ((codes[i + 1] as number) << 8) | ((codes[i + 2] as number) << 16);
      words[b * DYNAMIC_WORDS + w] = three;
    }
  }
  return { words: tensor(words, [blocks, DYNAMIC_WORDS], 'float32'), scales: tensor(scales, [blocks, 1], 'float32') };
}

/** How sizes of 0 to 1 are coded, counted from the code of zero. */
interface Ranks {
  /** The code of zero. */
  readonly zero: number;
  /** Of the least float32 with the same upper 16 bits: no two codes begin within these. */
  readonly first: Uint8Array;
  /** Over which the next one is nearer. */
  readonly bounds: Float32Array;
}

const ONE = 0x3f80;

function ranksOf(signed: boolean): Ranks {
  const zero = signed ? 127 : 0;
  const levels = dynamicTable(signed).subarray(zero);
  const bounds = levels.map((level, k) => (level + (levels[k + 1] ?? Number.POSITIVE_INFINITY)) / 2);
  const first = new Uint8Array(ONE + 1);
  const bits = new Uint32Array(1);
  const size = new Float32Array(bits.buffer);
  let rank = 0;
  for (let upper = 0; upper <= ONE; upper++) {
    bits[0] = upper << 16;
    while ((size[0] as number) > (bounds[rank] as number)) rank++;
    first[upper] = rank;
  }
  return { zero, first, bounds };
}

const signedCodes = once(() => ranksOf(true));
const unsignedCodes = once(() => ranksOf(false));

const form: Adamw8bitForm = ({ p, g, m, v }, attrs) => {
  const means = { m: decode(m, p.size, true), v: decode(v, p.size, false) };
  const after = adamwStep({ p: floats(p), g: floats(g), ...means }, attrs);
  return { p: tensor(after.p, p.shape, 'float32'), m: encode(after.m, true), v: encode(after.v, false) };
};

export const adamw8bitKernel: Kernel = kernel(adamw8bit, form);
