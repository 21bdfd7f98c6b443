// GGUF's blocks of 32 numbers as groups: Q4_0, Q4_1 and Q8_0 say what codes of 4 and 8 bits in groups of 32 say, to the last
// bit. The codes are moved and not changed, their float16 scales are float32 here.
import type { PackedArrays } from '@peftjs/backend';
import type { FileMatrix } from '@peftjs/core';
import type { GroupedPacking } from './grouped-packing.ts';
import { float16 } from './half-packing.ts';
import { int4Packing, int8Packing } from './integers.ts';

/** How a type's blocks lie in a file. */
export interface GgufBlocks {
  readonly packing: GroupedPacking;
  /** Bytes of a block: scale, offset where there are any, codes. */
  readonly bytes: number;
  /** Writes a block's codes. */
  codes(block: Uint8Array, out: Uint8Array): void;
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

/** By the `dtype` of a file's matrix. */
export const GGUF_BLOCKS: ReadonlyMap<string, GgufBlocks> = new Map([
  ['Q4_0', { packing: int4Packing({ group: GROUP }), bytes: 18, codes: fourBits }],
  ['Q4_1', { packing: int4Packing({ group: GROUP, asymmetric: true }), bytes: 20, codes: fourBits }],
  ['Q8_0', { packing: int8Packing({ group: GROUP }), bytes: 34, codes: (block, out) => out.set(block) }],
]);

/** @throws naming the tensor and the place of a scale that is no number */
export async function adoptBlocks(matrix: FileMatrix, { packing, bytes, codes }: GgufBlocks): Promise<PackedArrays> {
  const { outDim, inDim } = matrix;
  const found = await matrix.bytes();
  // With it come the levels, which are the packing's.
  const arrays = packing.encoder(outDim, inDim).finish();
  const { scales, offsets } = arrays as PackedArrays & Readonly<Record<string, Float32Array>>;
  readFloat16(found, bytes, 0, scales as Float32Array, matrix);
  if (offsets) readFloat16(found, bytes, 2, offsets, matrix);
  const before = offsets ? 4 : 2;
  const out = new Uint8Array(arrays.codes.buffer, arrays.codes.byteOffset, 4 * arrays.codes.length);
  const count = (outDim * inDim) / GROUP;
  const width = out.length / count;
  for (let b = 0; b < count; b++) {
    codes(found.subarray(b * bytes + before, (b + 1) * bytes), out.subarray(b * width, (b + 1) * width));
  }
  return arrays;
}

/** The float16 that lies so many bytes into each block. */
function readFloat16(
  blocks: Uint8Array,
  bytes: number,
  offset: number,
  out: Float32Array,
  { name, inDim }: FileMatrix,
): void {
  const words = new Int32Array(Math.ceil(out.length / 2));
  const halves = new Uint16Array(words.buffer);
  for (let b = 0, at = offset; b < out.length; b++, at += bytes) {
    halves[b] = (blocks[at] as number) | ((blocks[at + 1] as number) << 8);
  }
  float16.decode({ codes: words }, 0, out);
  const { exponent } = float16;
  const bad = halves.findIndex((code) => (code & exponent) === exponent);
  if (bad < 0) return;
  const what = (halves[bad] as number) & ~(0x8000 | exponent) ? 'NaN' : 'an infinity';
  const place = `[${Math.floor((bad * GROUP) / inDim)}, ${(bad * GROUP) % inDim}]`;
  throw new Error(`[peftjs/quantization] "${name}" holds ${what} as the scale of a block at ${place}; repair the file`);
}
