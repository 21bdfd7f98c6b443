// Rows of a product of two factors, u [o, r] and v [r, i], a block of them after the other.
import { crew } from '../crew/crew.ts';
import type { Task } from '../crew/task.ts';
import { freed } from '../free-memory.ts';
import { inFlight } from '../in-flight.ts';
import { bytesIn, floatsIn } from '../numbers.ts';
import { streamedBytes } from '../tensor-bytes.ts';
import { type MatrixShape, type ReadRows, rowBlocks } from './additive.ts';
import { gather, giveBack, spread, strideOf, takeKernels } from './low-rank-kernels.ts';

export interface Factors {
  readonly rank: number;
  /** Its rows from `begin` up to `end`. */
  readonly u: (begin: number, end: number) => Float32Array;
  readonly v: Float32Array;
}

/** Numbers of a product that is made at once: with fewer of them it would take too long to send v. */
const BLOCK = 2 ** 17;
/** Blocks that are made before they are asked for. */
const AHEAD = 3;

/**
 * [u, v] as [u v]. Sums run over r from the first on, each product and each sum rounded to float32: the same everywhere.
 */
export const multiplyRows: Task<{ readonly rank: number }> = {
  name: 'low-rank.multiply',
  run([left, right], { rank }) {
    const [u, v] = [floatsIn(left as Uint8Array), floatsIn(right as Uint8Array)];
    const [count, columns] = [u.length / rank, v.length / rank];
    const stride = strideOf(columns);
    const rows = count + (count & 1);
    const kernels = takeKernels();
    const [from, by, to] = kernels.areas(4 * rows * rank, 4 * rank * stride, 4 * rows * stride) as [
      number,
      number,
      number,
    ];
    kernels.floats(from, count * rank).set(u);
    spread(v, columns, kernels.floats(by, rank * stride));
    kernels.multiply(from, rows, rank, rank, by, stride, stride, to, false);
    const values = new Float32Array(count * columns);
    gather(kernels.floats(to, rows * stride), columns, values);
    giveBack(kernels);
    return [bytesIn(values)];
  },
};

/** Each range from where the last one ended. */
export function productRows({ rank, u, v }: Factors, shape: MatrixShape): ReadRows {
  const { rows, columns } = shape;
  const blocks = inFlight(rowBlocks(shape, BLOCK), AHEAD, ([begin, end]) =>
    crew().run(multiplyRows, [bytesIn(u(begin, end)), bytesIn(v)], { rank }),
  );
  const { read } = streamedBytes(freed(blocks), 4 * rows * columns);
  return async (begin, end) => floatsIn(await read(4 * begin * columns, 4 * end * columns));
}

/** [columns, rows] of a matrix [rows, columns]. */
export function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = values[at++] as number;
  return out;
}
