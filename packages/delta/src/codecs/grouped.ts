// Rows of numbers as whole numbers of a few bits: each group of a row has a scale, number ~ scale * (code - zero).
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
  for (const [begin, end] of rowBlocks(matrix)) {
    await pause();
    const values = await matrix.read(begin, end);
    for (let row = begin; row < end; row++) {
      for (let g = 0; g < groups; g++) {
        const [from, to] = [g * group, Math.min((g + 1) * group, columns)];
        const offset = (row - begin) * columns;
        const scale = bestScale(values.subarray(offset + from, offset + to), form);
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

/** Scales are stored in bfloat16; codes are those of the scale as it is stored. */
function bestScale(values: Float32Array, { zero, clips }: GroupForm): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const scales = Float32Array.from(clips, (clip) => (clip * largest) / zero);
  const rounded = decodeNumbers(encodeNumbers(scales, 'BF16'), 'BF16');
  if (rounded.length === 1 || largest === 0) return rounded[0] as number;
  let best = { scale: rounded[0] as number, missing: Number.POSITIVE_INFINITY };
  for (const scale of rounded) {
    let missing = 0;
    for (const value of values) missing += (value - scale * (codeOf(value, scale, zero) - zero)) ** 2;
    if (missing < best.missing) best = { scale, missing };
  }
  return best.scale;
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
  return async (begin, end) => {
    const codes = await readCodes(begin * stride, end * stride);
    const scales = decodeNumbers(await readScales(2 * begin * groups, 2 * end * groups), 'BF16');
    const values = new Float32Array((end - begin) * columns);
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
