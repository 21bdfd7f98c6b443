// GGUF's blocks as groups of 32 numbers: Q4_0, Q4_1, Q8_0 and Q4_K say what codes of 4 and 8 bits in such groups say, to the last
// bit. The codes are moved and not changed; what a block has as float16, or as multiples of one, is float32 here.
import type { PackedArrays } from '@peftjs/backend';
import type { FileMatrix } from '@peftjs/core';
import type { GroupedPacking } from './grouped-packing.ts';
import { float16 } from './half-packing.ts';
import { int4Packing, int8Packing } from './integers.ts';

/** What is made of a block: for each of its groups a scale, an offset where there are any, and codes. */
interface Groups {
  readonly scales: Float32Array;
  readonly offsets: Float32Array;
  readonly codes: Uint8Array;
}

/** How a type's blocks lie in a file. */
export interface GgufBlocks {
  readonly packing: GroupedPacking;
  /** Bytes of a block. */
  readonly bytes: number;
  /** Groups of a block. */
  readonly groups: number;
  /** How many float16 it begins with. */
  readonly halves: 1 | 2;
  /** @param block its bytes after these float16, whose numbers are `first` and `second` */
  read(block: Uint8Array, first: number, second: number, out: Groups): void;
}

const GROUP = 32;

/** Low halves of 16 bytes are the first 16 numbers, high halves the last; here two neighbors share a byte. */
function fourBits(block: Uint8Array, out: Uint8Array): void {
  for (let k = 0; k < 8; k++) {
    const [even, odd] = [block[2 * k] as number, block[2 * k + 1] as number];
    out[k] = ((even & 15) << 4) | (odd & 15);
    out[8 + k] = (even & 0xf0) | (odd >> 4);
  }
}

const q4_0: GgufBlocks = {
  packing: int4Packing({ group: GROUP }),
  ...{ bytes: 18, groups: 1, halves: 1 },
  read(block, scale, _, { scales, codes }) {
    scales[0] = scale;
    fourBits(block, codes);
  },
};

const q4_1: GgufBlocks = {
  packing: int4Packing({ group: GROUP, asymmetric: true }),
  ...{ bytes: 20, groups: 1, halves: 2 },
  read(block, scale, least, { scales, offsets, codes }) {
    [scales[0], offsets[0]] = [scale, least];
    fourBits(block, codes);
  },
};

const q8_0: GgufBlocks = {
  packing: int8Packing({ group: GROUP }),
  ...{ bytes: 34, groups: 1, halves: 1 },
  read(block, scale, _, { scales, codes }) {
    scales[0] = scale;
    codes.set(block);
  },
};

/** Eight groups, whose scales and offsets are whole numbers of 6 bits times one float16 each. Their products are float32. */
const q4_k: GgufBlocks = {
  packing: int4Packing({ group: GROUP, asymmetric: true }),
  ...{ bytes: 144, groups: 8, halves: 2 },
  read(block, scale, least, { scales, offsets, codes }) {
    const byte = (k: number) => block[k] as number;
    for (let g = 0; g < 4; g++) {
      [scales[g], offsets[g]] = [scale * (byte(g) & 63), -least * (byte(4 + g) & 63)];
      // The last four have their upper two bits above those of the first four.
      scales[4 + g] = scale * ((byte(8 + g) & 15) | ((byte(g) >> 2) & 48));
      offsets[4 + g] = -least * ((byte(8 + g) >> 4) | ((byte(4 + g) >> 2) & 48));
    }
    // Low halves of 32 bytes are a group, high halves the next one.
    for (let k = 0; k < 64; k++) {
      const [even, odd] = [byte(12 + 2 * k), byte(13 + 2 * k)];
      const to = 32 * (k >> 4) + (k & 15);
      codes[to] = ((even & 15) << 4) | (odd & 15);
      codes[to + 16] = (even & 0xf0) | (odd >> 4);
    }
  },
};

/** By the `dtype` of a file's matrix. */
export const GGUF_BLOCKS: ReadonlyMap<string, GgufBlocks> = new Map([
  ['Q4_0', q4_0],
  ['Q4_1', q4_1],
  ['Q8_0', q8_0],
  ['Q4_K', q4_k],
]);

/** @throws naming the tensor and the place of a scale that is no number */
export async function adoptBlocks(matrix: FileMatrix, blocks: GgufBlocks): Promise<PackedArrays> {
  const { packing, bytes, groups, halves, read } = blocks;
  const { outDim, inDim } = matrix;
  const found = await matrix.bytes();
  // With it come the levels, which are the packing's.
  const arrays = packing.encoder(outDim, inDim).finish();
  const { scales, offsets } = arrays as PackedArrays & Readonly<Record<string, Float32Array>>;
  const count = (outDim * inDim) / (GROUP * groups);
  const [first, second] = [0, 2].slice(0, halves).map((at) => readFloat16(found, blocks, at, count, matrix));
  const out = new Uint8Array(arrays.codes.buffer, arrays.codes.byteOffset, 4 * arrays.codes.length);
  const width = out.length / count;
  const none = new Float32Array(0);
  for (let b = 0; b < count; b++) {
    const own = (values: Float32Array) => values.subarray(b * groups, (b + 1) * groups);
    read(found.subarray(b * bytes + 2 * halves, (b + 1) * bytes), first?.[b] as number, second?.[b] as number, {
      scales: own(scales as Float32Array),
      offsets: own(offsets ?? none),
      codes: out.subarray(b * width, (b + 1) * width),
    });
  }
  return arrays;
}

/** The float16 that lies so many bytes into each block. */
function readFloat16(
  blocks: Uint8Array,
  { bytes, groups }: GgufBlocks,
  offset: number,
  count: number,
  { name, inDim, first = 0 }: FileMatrix,
): Float32Array {
  const words = new Int32Array(Math.ceil(count / 2));
  const halves = new Uint16Array(words.buffer);
  for (let b = 0, at = offset; b < count; b++, at += bytes) {
    halves[b] = (blocks[at] as number) | ((blocks[at + 1] as number) << 8);
  }
  const out = new Float32Array(count);
  float16.decode({ codes: words }, 0, out);
  const { exponent } = float16;
  const bad = halves.findIndex((code) => (code & exponent) === exponent);
  if (bad < 0) return out;
  const what = (halves[bad] as number) & ~(0x8000 | exponent) ? 'NaN' : 'an infinity';
  const at = bad * groups * GROUP;
  const place = `[${first + Math.floor(at / inDim)}, ${at % inDim}]`;
  throw new Error(`[peftjs/quantization] "${name}" holds ${what} as the scale of a block at ${place}; repair the file`);
}
