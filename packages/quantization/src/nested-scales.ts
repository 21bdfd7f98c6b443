// Scales that are coded themselves (double quantization, arXiv 2305.14314): less their mean, in bytes of the dynamic data type,
// each block of 256 with the largest of its sizes. Sums are in one order, so that every backend finds the same codes.
import { dynamicTable, NESTED_BLOCK, type PackedArray, type PackedArrays } from '@peftjs/backend';

/** What the codes of scales say. */
export const DYNAMIC_MAP: Float32Array = dynamicTable(true);

/** The arrays of so many scales. */
export function nestedArrays(count: number): Readonly<Record<'scales' | 'blocks' | 'map', PackedArray>> {
  const blocks = Math.ceil(count / NESTED_BLOCK);
  return {
    scales: { shape: [(blocks * NESTED_BLOCK) / 4], dtype: 'int32' },
    blocks: { shape: [1 + blocks], dtype: 'float32' },
    map: { shape: [DYNAMIC_MAP.length], dtype: 'float32' },
  };
}

const BOUNDS = Float32Array.from({ length: 255 }, (_, k) =>
  Math.fround(((DYNAMIC_MAP[k] as number) + (DYNAMIC_MAP[k + 1] as number)) / 2),
);

export function nest(scales: Float32Array): { scales: Int32Array; blocks: Float32Array; map: Float32Array } {
  const { fround } = Math;
  const count = Math.ceil(scales.length / NESTED_BLOCK);
  const bytes = new Uint8Array(count * NESTED_BLOCK);
  const blocks = new Float32Array(1 + count);
  const mean = meanOf(scales);
  blocks[0] = mean;
  for (let block = 0; block < count; block++) {
    const own = scales.subarray(block * NESTED_BLOCK, (block + 1) * NESTED_BLOCK);
    let largest = 0;
    for (const scale of own) largest = Math.max(largest, Math.abs(fround(scale - mean)));
    blocks[1 + block] = largest;
    const inverse = largest === 0 ? 0 : fround(1 / largest);
    for (let k = 0; k < own.length; k++) {
      bytes[block * NESTED_BLOCK + k] = nearest(fround(fround((own[k] as number) - mean) * inverse));
    }
  }
  return { scales: new Int32Array(bytes.buffer), blocks, map: DYNAMIC_MAP.slice() };
}

/**
 * Others in the place of what is nested. What moves by less than a byte's step would mostly stay, were it rounded to the nearest: each
 * becomes one of the two beside it, drawn so that on average it is what it was to be. What does not move stays as it is.
 */
export function moveNested(
  before: Omit<PackedArrays, 'codes'>,
  scales: Float32Array,
): { scales: Int32Array; blocks: Float32Array } {
  const { fround } = Math;
  const blocks = (before.blocks as Float32Array).slice();
  const mean = blocks[0] as number;
  const bytes = new Uint8Array((blocks.length - 1) * NESTED_BLOCK);
  let state = 1;
  for (let block = 1; block < blocks.length; block++) {
    const start = (block - 1) * NESTED_BLOCK;
    const own = scales.subarray(start, start + NESTED_BLOCK);
    let largest = 0;
    for (const scale of own) largest = Math.max(largest, Math.abs(fround(scale - mean)));
    // What it has become by being read and written again is not more.
    if (largest > (blocks[block] as number) * (1 + NEAR)) blocks[block] = largest;
    const size = (blocks[block] as number) || 1;
    for (let k = 0; k < own.length; k++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[start + k] = drawn(((own[k] as number) - mean) / size, state / 2 ** 32);
    }
  }
  return { scales: new Int32Array(bytes.buffer), blocks };
}

/** One of the two codes beside x: the upper one as often as x lies nearer to it. */
function drawn(x: number, coin: number): number {
  const near = nearest(x);
  const low = (DYNAMIC_MAP[near] as number) > x ? near - 1 : near;
  const [below, above] = [DYNAMIC_MAP[low], DYNAMIC_MAP[low + 1]];
  if (below === undefined || above === undefined) return near;
  const share = (x - below) / (above - below);
  // Of what was rounded when it was read, some has come back a little beside its code.
  if (share < BESIDE) return low;
  return share > 1 - BESIDE || coin < share ? low + 1 : low;
}

/** Share of a step, and of a block's largest. */
const [BESIDE, NEAR] = [1e-3, 1e-6];

/** One of them. */
export function unnest({ scales, blocks, map }: Omit<PackedArrays, 'codes'>, at: number): number {
  const byte = ((scales as Int32Array)[at >> 2] as number) >> (8 * (at & 3));
  const [mean, size] = [blocks?.[0] as number, blocks?.[1 + Math.floor(at / NESTED_BLOCK)] as number];
  return Math.fround(Math.fround((map?.[byte & 255] as number) * size) + mean);
}

/** In float32: of each block from the first number on, then of the blocks. */
function meanOf(scales: Float32Array): number {
  let sum = 0;
  for (let start = 0; start < scales.length; start += NESTED_BLOCK) {
    let part = 0;
    for (const scale of scales.subarray(start, start + NESTED_BLOCK)) part = Math.fround(part + scale);
    sum = Math.fround(sum + part);
  }
  return Math.fround(sum * Math.fround(1 / scales.length));
}

function nearest(x: number): number {
  let below = 0;
  for (let half = 128; half > 0; half >>= 1) if ((BOUNDS[below + half - 1] as number) < x) below += half;
  return below;
}
