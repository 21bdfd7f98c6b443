// AdamW with means of 8 bits, in loops over the values as AdamW itself: no op reads the codes.
import {
  type Adamw8bitForm,
  adamw8bit,
  type Coded,
  DYNAMIC_BLOCK,
  DYNAMIC_WORDS,
  dynamicDecades,
  dynamicTable,
  type Kernel,
  kernel,
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
  const nearest = nearestCode(signed);
  const blocks = Math.ceil(values.length / DYNAMIC_BLOCK);
  const scales = new Float32Array(blocks);
  const words = new Float32Array(blocks * DYNAMIC_WORDS);
  for (let b = 0; b < blocks; b++) {
    const first = b * DYNAMIC_BLOCK;
    const end = Math.min(values.length, first + DYNAMIC_BLOCK);
    let most = 0;
    for (let i = first; i < end; i++) most = Math.max(most, Math.abs(values[i] as number));
    scales[b] = most;
    const inverse = 1 / Math.max(most, 1e-30);
    const code = (i: number) => nearest(i < end ? (values[i] as number) * inverse : 0);
    for (let w = 0, i = first; w < DYNAMIC_WORDS; w++, i += 3)
      words[b * DYNAMIC_WORDS + w] = code(i) | (code(i + 1) << 8) | (code(i + 2) << 16);
  }
  return { words: tensor(words, [blocks, DYNAMIC_WORDS], 'float32'), scales: tensor(scales, [blocks, 1], 'float32') };
}

/** The code of a number in -1 to 1. */
function nearestCode(signed: boolean): (x: number) => number {
  const { decades, one } = dynamicDecades(signed);
  const bounds = Float64Array.from(decades, ({ bound }) => bound);
  const parts = Int32Array.from(decades, (decade) => decade.parts);
  const factors = Float64Array.from(decades, ({ factor }) => factor);
  const [zero, lowest] = signed ? [127, 0] : [0, 1];
  return (x) => {
    const size = Math.abs(x);
    let d = decades.length - 1;
    while (d >= 0 && size <= (bounds[d] as number)) d--;
    if (d < 0) return zero;
    if (x > one) return 255;
    const count = parts[d] as number;
    const place = Math.floor(((size * (factors[d] as number) - 0.1) / 0.9) * count);
    const rank = Math.min(Math.max(place, 0), count - 1) + count - lowest;
    return x > 0 ? zero + rank : zero - rank;
  };
}

const form: Adamw8bitForm = ({ p, g, m, v }, attrs) => {
  const means = { m: decode(m, p.size, true), v: decode(v, p.size, false) };
  const after = adamwStep({ p: floats(p), g: floats(g), ...means }, attrs);
  return { p: tensor(after.p, p.shape, 'float32'), m: encode(after.m, true), v: encode(after.v, false) };
};

export const adamw8bitKernel: Kernel = kernel(adamw8bit, form);
