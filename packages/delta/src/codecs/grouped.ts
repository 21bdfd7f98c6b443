// Rows of numbers as whole numbers of a few bits: each group of a row has a scale, number ~ scale * (code - zero).
import { decodeBfloat16, encodeBfloat16 } from '@peftjs/safetensors';
import type { EncodedPart, Pause, Stored } from '../codec.ts';
import { decodeNumbers, encodeNumbers } from '../numbers.ts';
import { type Matrix, type MatrixShape, type ReadRows, rowBlocks } from './additive.ts';
import { partOf, partReader } from './part-bytes.ts';

export interface GroupForm {
  /** Of a code, 8 at most. Codes go from 0 to twice `zero`. */
  readonly bits: number;
  /** The code of 0; between two codes where 0 has none. */
  readonly zero: number;
  /** Numbers with one scale. */
  readonly group: number;
  /** What the largest number of a group may be cut to, as shares of it: the one that misses least is taken. */
  readonly clips: readonly number[];
}

const codesName = (prefix: string) => `${prefix}codes`;
const scalesName = (prefix: string) => `${prefix}scales`;

/** Bytes of all of it. */
export function groupsSize({ rows, columns }: MatrixShape, { bits, group }: GroupForm): number {
  return rows * (Math.ceil((columns * bits) / 8) + 2 * Math.ceil(columns / group));
}

export async function encodeGroups(
  matrix: Matrix,
  form: GroupForm,
  prefix: string,
  pause: Pause,
): Promise<Readonly<Record<string, EncodedPart>>> {
  const { rows, columns } = matrix;
  const { bits, group, zero } = form;
  const stride = Math.ceil((columns * bits) / 8);
  const groups = Math.ceil(columns / group);
  const codes = new Uint8Array(rows * stride);
  const scales = new Float32Array(rows * groups);
  const scaleOf = scaleFinder(form);
  for (const [begin, end] of rowBlocks(matrix)) {
    await pause();
    const values = await matrix.read(begin, end);
    for (let row = begin; row < end; row++) {
      for (let g = 0; g < groups; g++) {
        const [from, to] = [g * group, Math.min((g + 1) * group, columns)];
        const offset = (row - begin) * columns;
        const scale = scaleOf(values, offset + from, offset + to);
        scales[row * groups + g] = scale;
        for (let column = from; column < to; column++) {
          const code = codeOf(values[offset + column] as number, scale, zero);
          const bit = column * bits;
          const at = row * stride + (bit >> 3);
          const shifted = code << (bit & 7);
          codes[at]! |= shifted;
          if (shifted > 255) codes[at + 1]! |= shifted >> 8;
        }
      }
    }
  }
  return {
    [codesName(prefix)]: partOf('U8', [rows, stride], codes),
    [scalesName(prefix)]: partOf('BF16', [rows, groups], encodeNumbers(scales, 'BF16')),
  };
}

function codeOf(value: number, scale: number, zero: number): number {
  if (scale === 0) return Math.floor(zero);
  return Math.min(2 * zero, Math.max(0, Math.round(value / scale + zero)));
}

/**
 * Finds the scale of a group of values. Scales are stored in bfloat16; codes are those of the scale as it is stored. There are
 * millions of groups: none has an object of its own.
 */
function scaleFinder({ zero, clips }: GroupForm): (values: Float32Array, begin: number, end: number) => number {
  const [scales, codes] = [new Float32Array(clips.length), new Uint16Array(clips.length)];
  return (values, begin, end) => {
    let largest = 0;
    for (let i = begin; i < end; i++) largest = Math.max(largest, Math.abs(values[i] as number));
    for (let k = 0; k < clips.length; k++) scales[k] = ((clips[k] as number) * largest) / zero;
    encodeBfloat16(scales, codes);
    decodeBfloat16(codes, scales);
    let [best, least] = [scales[0] as number, Number.POSITIVE_INFINITY];
    if (clips.length === 1 || largest === 0) return best;
    for (let k = 0; k < clips.length; k++) {
      const scale = scales[k] as number;
      let missing = 0;
      for (let i = begin; i < end; i++) {
        const value = values[i] as number;
        missing += (value - scale * (codeOf(value, scale, zero) - zero)) ** 2;
      }
      if (missing < least) [best, least] = [scale, missing];
    }
    return best;
  };
}

export function openGroups(
  stored: Stored,
  { rows, columns }: MatrixShape,
  { bits, group, zero }: GroupForm,
  prefix: string,
): ReadRows {
  const stride = Math.ceil((columns * bits) / 8);
  const groups = Math.ceil(columns / group);
  const readCodes = partReader(stored, codesName(prefix), 'U8', [rows, stride]);
  const readScales = partReader(stored, scalesName(prefix), 'BF16', [rows, groups]);
  const mask = 2 ** bits - 1;
  let room = new Float32Array(0);
  return async (begin, end) => {
    const codes = await readCodes(begin * stride, end * stride);
    const scales = decodeNumbers(await readScales(2 * begin * groups, 2 * end * groups), 'BF16');
    const count = (end - begin) * columns;
    if (room.length < count) room = new Float32Array(count);
    const values = room.subarray(0, count);
    for (let row = 0, out = 0; row < end - begin; row++) {
      for (let column = 0; column < columns; column++) {
        const bit = column * bits;
        const at = row * stride + (bit >> 3);
        const pair = (codes[at] as number) | ((codes[at + 1] ?? 0) << 8);
        const code = (pair >> (bit & 7)) & mask;
        values[out++] = (scales[row * groups + Math.floor(column / group)] as number) * (code - zero);
      }
    }
    return values;
  };
}
