// Numbers as codes of 8 bits of the dynamic data type and a scale for each block of 256 (Dettmers et al., arXiv 2110.02861).
import {
  abs,
  add,
  cast,
  div,
  fill,
  floor,
  gather,
  greater,
  max,
  maximum,
  minimum,
  mul,
  pad,
  reshape,
  slice,
  stack,
  sub,
  sum,
  type Tensor,
  tensor1d,
  zeros,
} from '@tensorflow/tfjs-core';
import { decadeNumbers, dynamicTable } from './dynamic-table.ts';

/**
 * Codes, three to a float32 that holds the whole number of their 24 bits, and the largest size in each block. tfjs computes with
 * whole numbers of 32 bits in float32 on WebGPU, where they would lose some.
 */
export type Coded = {
  /** [blocks, 86], the first code lowest. */
  readonly words: Tensor;
  /** [blocks, 1] */
  readonly scales: Tensor;
};

/** Numbers that share a scale. */
export const DYNAMIC_BLOCK = 256;
/** Words in a block. */
export const DYNAMIC_WORDS = 86;

const BLOCK = DYNAMIC_BLOCK;
const WORDS = DYNAMIC_WORDS;
const TINY = 1e-30;

/** A decade as codes are found in it: the sizes over `bound`, up to the next one's, in `parts` equal parts. */
export interface Decade {
  readonly bound: number;
  readonly parts: number;
  /** What makes its sizes 0.1 to 1. */
  readonly factor: number;
}

/** From the lowest, and over which size a number is 1. */
export function dynamicDecades(signed: boolean): { readonly decades: readonly Decade[]; readonly one: number } {
  const numbers = decadeNumbers(signed);
  const end = (decade: number) => numbers[decade]?.at(-1) ?? 0;
  const decades = numbers.map((own, decade) => ({
    bound: (end(decade - 1) + (own[0] as number)) / 2,
    parts: own.length,
    factor: 10 ** (6 - decade),
  }));
  return { decades, one: (end(6) + 1) / 2 };
}

/** The codes of so many zeros. */
export function codedZeros(size: number, signed: boolean): Coded {
  const blocks = Math.ceil(size / BLOCK);
  const code = dynamicTable(signed).indexOf(0);
  return { words: fill([blocks, WORDS], code * (1 + 2 ** 8 + 2 ** 16)), scales: zeros([blocks, 1]) };
}

/** The code [n] of each number in -1 to 1 that is nearest. */
function nearest(x: Tensor, signed: boolean): Tensor {
  const size = abs(x);
  const { decades, one } = dynamicDecades(signed);
  const over = (y: Tensor, bound: number) => cast(greater(y, bound), 'float32');
  const [lowest, ...higher] = decades as readonly [Decade, ...Decade[]];
  let parts: Tensor | number = lowest.parts;
  let factor: Tensor | number = lowest.factor;
  let below = lowest;
  for (const decade of higher) {
    const reached = over(size, decade.bound);
    parts = add(parts, mul(reached, decade.parts - below.parts));
    factor = add(factor, mul(reached, decade.factor - below.factor));
    below = decade;
  }
  const place = floor(mul(div(sub(mul(size, factor), 0.1), 0.9), parts));
  const inDecade = minimum(maximum(place, 0), sub(parts, 1));
  const rank = mul(over(size, lowest.bound), add(inDecade, sub(parts, signed ? 0 : 1)));
  const code = signed ? add(mul(rank, sub(mul(over(x, 0), 2), 1)), 127) : rank;
  return add(code, over(x, one));
}

/** Codes of numbers of any shape. */
export function encodeDynamic(values: Tensor, signed: boolean): Coded {
  const blocks = Math.ceil(values.size / BLOCK);
  const rows = reshape(pad(reshape(values, [-1]), [[0, blocks * BLOCK - values.size]]), [blocks, BLOCK]);
  const scales = max(abs(rows), 1, true);
  const scaled = pad(div(rows, maximum(scales, TINY)), [
    [0, 0],
    [0, 3 * WORDS - BLOCK],
  ]);
  const codes = reshape(nearest(scaled, signed), [blocks, WORDS, 3]);
  return { words: sum(mul(codes, tensor1d([1, 2 ** 8, 2 ** 16])), 2), scales };
}

/** The numbers, of this shape. */
export function decodeDynamic({ words, scales }: Coded, shape: readonly number[], signed: boolean): Tensor {
  const [blocks] = words.shape as [number, number];
  const high = floor(mul(words, 2 ** -16));
  const rest = sub(words, mul(high, 2 ** 16));
  const middle = floor(mul(rest, 2 ** -8));
  const codes = reshape(stack([sub(rest, mul(middle, 2 ** 8)), middle, high], 2), [blocks, 3 * WORDS]);
  const table = tensor1d(dynamicTable(signed));
  const rows = mul(gather(table, cast(slice(codes, [0, 0], [blocks, BLOCK]), 'int32')), scales);
  const size = shape.reduce((n, k) => n * k, 1);
  return reshape(slice(reshape(rows, [-1]), [0], [size]), [...shape]);
}
