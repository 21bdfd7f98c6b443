// Numbers as codes of 8 bits of the dynamic data type and a scale for each block of 256 (Dettmers et al., arXiv 2110.02861).
import { dynamicDecades, dynamicTable } from '@peftjs/backend';
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

/**
 * Codes, three to a float32 that holds the whole number of their 24 bits, and the largest size in each block. tfjs computes with
 * whole numbers of 32 bits in float32 on WebGPU, where they would lose some.
 */
export interface Coded {
  /** [blocks, 86], the first code lowest. */
  readonly words: Tensor;
  /** [blocks, 1] */
  readonly scales: Tensor;
}

const BLOCK = 256;
const WORDS = Math.ceil(BLOCK / 3);
const TINY = 1e-30;

/** The codes of so many zeros. */
export function codedZeros(size: number, signed: boolean): Coded {
  const blocks = Math.ceil(size / BLOCK);
  const code = dynamicTable(signed).indexOf(0);
  return { words: fill([blocks, WORDS], code * (1 + 2 ** 8 + 2 ** 16)), scales: zeros([blocks, 1]) };
}

/** The code [n] of each number in -1 to 1 that is nearest. */
function nearest(x: Tensor, signed: boolean): Tensor {
  const size = abs(x);
  const decades = dynamicDecades(signed);
  const over = (bound: number) => cast(greater(size, bound), 'float32');
  let parts: Tensor | number = decades[0]?.length as number;
  let factor: Tensor | number = 1e6;
  for (const [decade, own] of decades.entries()) {
    const before = decades[decade - 1];
    if (!before) continue;
    const reached = over(((before.at(-1) as number) + (own[0] as number)) / 2);
    parts = add(parts, mul(reached, own.length - before.length));
    factor = add(factor, mul(reached, 10 ** (6 - decade) - 10 ** (7 - decade)));
  }
  const place = floor(mul(div(sub(mul(size, factor), 0.1), 0.9), parts));
  const inDecade = minimum(maximum(place, 0), sub(parts, 1));
  const nonZero = over((decades[0]?.[0] as number) / 2);
  const rank = mul(nonZero, add(inDecade, sub(parts, signed ? 0 : 1)));
  const last = decades.at(-1)?.at(-1) as number;
  const one = cast(greater(x, (last + 1) / 2), 'float32');
  if (!signed) return add(rank, one);
  const sign = sub(mul(cast(greater(x, 0), 'float32'), 2), 1);
  return add(add(mul(rank, sign), one), 127);
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
