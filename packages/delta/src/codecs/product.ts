// Rows of a product of two factors, u [o, r] and v [r, i], a block of them after the other.
import { crew } from '../crew/crew.ts';
import { freed } from '../free-memory.ts';
import { inFlight } from '../in-flight.ts';
import { bytesIn, floatsIn } from '../numbers.ts';
import { streamedBytes } from '../tensor-bytes.ts';
import { type MatrixShape, type ReadRows, rowBlocks } from './additive.ts';
import { multiplyRows } from './low-rank-tasks.ts';

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
