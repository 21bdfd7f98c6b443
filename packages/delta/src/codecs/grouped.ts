// Rows of numbers as whole numbers of a few bits: each group of a row has a scale, number ~ scale * (code - zero).
import type { EncodedPart, Pause, Stored } from '../codec.ts';
import { floatsIn } from '../numbers.ts';
import type { Room } from '../room.ts';
import { type Matrix, type MatrixShape, type ReadRows, rowBlocks } from './additive.ts';
import { codeKernels } from './code-kernels.ts';
import { partOf, partReader, readPart } from './part-bytes.ts';

export interface GroupForm {
  /** Of a code, 8 at most. Codes go from 0 to twice `zero`. */
  readonly bits: number;
  /** The code of 0; between two codes where 0 has none. */
  readonly zero: number;
  /** Numbers with one scale. */
  readonly group: number;
  /** What the largest number of a group may be cut to, as shares of it, 8 at most: the one that misses least is taken. */
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
  const { bits, group, zero, clips } = form;
  const stride = Math.ceil((columns * bits) / 8);
  const groups = Math.ceil(columns / group);
  const codes = new Uint8Array(rows * stride);
  const scales = new Uint8Array(2 * rows * groups);
  const loops = codeKernels();
  for (const [begin, end] of rowBlocks(matrix)) {
    await pause();
    const values = await matrix.read(begin, end);
    const some = end - begin;
    const areas = loops.areas(4 * values.length, columns, some * stride, 2 * some * groups);
    const [from, row, toCodes, toScales] = areas as [number, number, number, number];
    loops.floats(from, values.length).set(values);
    loops.doubles(loops.CLIPS, clips.length).set(clips);
    loops.encodeGroups(from, some, columns, group, bits, zero, clips.length, row, toCodes, toScales);
    codes.set(loops.bytes(toCodes, some * stride), begin * stride);
    scales.set(loops.bytes(toScales, 2 * some * groups), 2 * begin * groups);
  }
  return {
    [codesName(prefix)]: partOf('U8', [rows, stride], codes),
    [scalesName(prefix)]: partOf('BF16', [rows, groups], scales),
  };
}

export function openGroups(
  stored: Stored,
  { rows, columns }: MatrixShape,
  { bits, group, zero }: GroupForm,
  prefix: string,
  room: Room,
): ReadRows {
  const stride = Math.ceil((columns * bits) / 8);
  const groups = Math.ceil(columns / group);
  const readCodes = partReader(stored, codesName(prefix), 'U8', [rows, stride]);
  const readScales = partReader(stored, scalesName(prefix), 'BF16', [rows, groups]);
  const loops = codeKernels();
  return async (begin, end) => {
    const codes = await readCodes(begin * stride, end * stride);
    const scales = await readScales(2 * begin * groups, 2 * end * groups);
    const values = floatsIn(room(4 * (end - begin) * columns));
    const areas = loops.areas(codes.length, scales.length, columns, 4 * values.length);
    const [fromCodes, fromScales, row, to] = areas as [number, number, number, number];
    loops.write(fromCodes, codes);
    loops.write(fromScales, scales);
    loops.decodeGroups(fromCodes, fromScales, end - begin, columns, group, bits, zero, row, to);
    values.set(loops.floats(to, values.length));
    return values;
  };
}

/** Columns from `begin`, where a group begins, up to `end`, until others are read: [r, end - begin]. */
export type ReadColumns = (begin: number, end: number) => Float32Array;

/** All rows of what is stored, a range of columns after the other. Codes of a group, `bits` each, are whole bytes. */
export async function openColumns(
  stored: Stored,
  { rows, columns }: MatrixShape,
  { bits, group, zero }: GroupForm,
  prefix: string,
): Promise<ReadColumns> {
  const stride = Math.ceil((columns * bits) / 8);
  const groups = Math.ceil(columns / group);
  const codes = await readPart(stored, codesName(prefix), 'U8', [rows, stride]);
  const scales = await readPart(stored, scalesName(prefix), 'BF16', [rows, groups]);
  const loops = codeKernels();
  return (begin, end) => {
    const count = end - begin;
    const width = Math.ceil((count * bits) / 8);
    const some = 2 * Math.ceil(count / group);
    const areas = loops.areas(rows * width, rows * some, count, 4 * rows * count);
    const [fromCodes, fromScales, row, to] = areas as [number, number, number, number];
    for (let r = 0; r < rows; r++) {
      const [code, scale] = [r * stride + (begin * bits) / 8, 2 * (r * groups + begin / group)];
      loops.write(fromCodes + r * width, codes.subarray(code, code + width));
      loops.write(fromScales + r * some, scales.subarray(scale, scale + some));
    }
    loops.decodeGroups(fromCodes, fromScales, rows, count, group, bits, zero, row, to);
    return loops.floats(to, rows * count);
  };
}
