// A lossy codec made of a way to store a matrix of numbers nearly: decoding adds them to the base, undoing takes them off.
import { DTYPE_BITS } from '@peftjs/safetensors';
import type { Change, Codec, Encoded, Pause, Show, Stored, TensorBytes, TensorKind } from '../codec.ts';
import { type FloatDtype, floatsIn, isFloat } from '../numbers.ts';
import { lend, type Room, withRoom } from '../room.ts';
import { addChange, findChange } from './number-kernels.ts';

/** Numbers in rows. Of a tensor with more dimensions than two the first one stays; a vector is one row. */
export interface MatrixShape {
  readonly rows: number;
  readonly columns: number;
}

/** Rows from `begin` up to `end`, in float32, until others are read. */
export type ReadRows = (begin: number, end: number) => Promise<Float32Array>;

export interface Matrix extends MatrixShape {
  readonly read: ReadRows;
}

/** A way to store the change of a tensor nearly. It knows no dtype, no base and no tuned tensor. */
export interface Approximation {
  readonly id: string;
  check?(tensor: TensorKind): string | null;
  /** Bytes of the parts, where the shape decides. */
  size?(shape: MatrixShape): number;
  /** The change can be read as often as is needed; numbers that are not finite read as zeros, and the tensor is stored exact. */
  encode(change: Matrix, pause: Pause): Promise<Encoded>;
  /**
   * Checks what is stored, and reads the rows of it, each range from where the last one ended. They are computed in one
   * order and by operations that IEEE 754 fixes, so that they are the same everywhere.
   *
   * @param room for the rows
   */
  open(stored: Stored, shape: MatrixShape, room: Room): Promise<ReadRows>;
}

/** Numbers that are read at a time. */
const BLOCK = 2 ** 16;

export function* rowBlocks({ rows, columns }: MatrixShape): Generator<readonly [begin: number, end: number]> {
  const step = Math.max(1, Math.floor(BLOCK / Math.max(1, columns)));
  for (let begin = 0; begin < rows; begin += step) yield [begin, Math.min(begin + step, rows)];
}

function matrixShape({ shape }: TensorKind): MatrixShape {
  const size = shape.reduce((n, d) => n * d, 1);
  const rows = shape.length < 2 ? 1 : (shape[0] as number);
  return { rows, columns: rows === 0 ? 0 : size / rows };
}

/** The change from base to tuned, and whether all of it that was read is finite. */
function changeMatrix({ tensor, base, tuned }: Change, dtype: FloatDtype, room: Room) {
  const shape = matrixShape(tensor);
  const width = (shape.columns * DTYPE_BITS[dtype]) / 8;
  let finite = true;
  const read: ReadRows = async (begin, end) => {
    const [from, to] = [base, tuned].map((side) => side.read(begin * width, end * width));
    const change = floatsIn(room(4 * (end - begin) * shape.columns));
    const is = findChange(dtype, (await from) as Uint8Array, (await to) as Uint8Array, change);
    finite &&= is;
    return change;
  };
  return { matrix: { ...shape, read }, allFinite: () => finite };
}

/**
 * What a change is multiplied by where sums are rounded to 16 bits. Changes of few bits would often lead to the middle between two
 * numbers, from where undoing does not find back: each time it misses, a correction is stored.
 */
const OFF_MIDDLE = 1 + 2 ** -13;

export function additive(approximation: Approximation): Codec {
  /** Goes those ways, one after the other; what is there after the first one is shown. */
  async function* moved(
    [way, back]: readonly [way: 1 | -1, back?: -1],
    stored: Stored,
    from: TensorBytes,
    tensor: TensorKind,
    show: Show = async () => undefined,
  ) {
    const dtype = tensor.dtype as FloatDtype;
    const shape = matrixShape(tensor);
    const width = (shape.columns * DTYPE_BITS[dtype]) / 8;
    const factor = dtype === 'F32' ? 1 : OFF_MIDDLE;
    const [changes, results] = [lend(), lend()];
    try {
      const read = await approximation.open(stored, shape, changes.room);
      for (const [begin, end] of rowBlocks(shape)) {
        const change = await read(begin, end);
        const result = results.room((end - begin) * width);
        addChange(dtype, await from.read(begin * width, end * width), way * factor, change, result);
        if (back) {
          await show(result);
          addChange(dtype, result, back * factor, change, result);
        }
        yield result;
      }
    } finally {
      changes.giveBack();
      results.giveBack();
    }
  }
  return {
    id: approximation.id,
    lossless: false,
    check(tensor) {
      if (!isFloat(tensor.dtype)) return `it is ${tensor.dtype}, not F32, F16 or BF16`;
      return approximation.check?.(tensor) ?? null;
    },
    size: (tensor) => approximation.size?.(matrixShape(tensor)) ?? 0,
    encode: (change, pause) =>
      withRoom(async (room) => {
        const { matrix, allFinite } = changeMatrix(change, change.tensor.dtype as FloatDtype, room);
        const encoded = await approximation.encode(matrix, pause);
        return allFinite() ? encoded : null;
      }),
    decode: (stored, base, tensor) => moved([1], stored, base, tensor),
    undo: (stored, tuned, tensor) => moved([-1], stored, tuned, tensor),
    thereAndBack: (stored, base, tensor, show) => moved([1, -1], stored, base, tensor, show),
  };
}

/** For what is made of rows and columns: why a tensor is no matrix, or null. */
export function needsMatrix({ shape }: TensorKind): string | null {
  return shape.length < 2 ? `it has ${shape.length} dimensions, and needs two or more` : null;
}
