// Singular values of a matrix wherever it is: one that is small enough to be kept goes to whoever of the crew is free.
import type { Pause } from '../codec.ts';
import { crew } from '../crew/crew.ts';
import { bytesIn, floatsIn } from '../numbers.ts';
import { reused } from '../tensor-bytes.ts';
import type { Matrix } from './additive.ts';
import { findFactors } from './low-rank-tasks.ts';
import { type SingularValues, singularValues } from './singular-values.ts';
import { isKept } from './sketch.ts';

/** As `singularValues`. */
export async function factorsOf<T>(
  matrix: Matrix,
  most: number,
  pause: Pause,
  use: (found: SingularValues) => Promise<T>,
): Promise<T> {
  const { rows, columns } = matrix;
  if (!isKept(matrix)) return singularValues(matrix, most, pause, use);
  const change = bytesIn(await matrix.read(0, rows));
  const [values, u, v] = (await crew().run(findFactors, [change], { rows, columns, most }, pause)) as [
    Uint8Array<ArrayBuffer>,
    Uint8Array,
    Uint8Array,
  ];
  const all = new Float64Array(values.buffer, values.byteOffset, values.length / 8);
  return use({ rank: all.length, values: all, u: matrixIn(u, rows), v: matrixIn(v, columns) });
}

/** Rows in memory. */
function matrixIn(bytes: Uint8Array, columns: number): Matrix {
  const values = floatsIn(bytes);
  const room = reused();
  return {
    rows: values.length / columns,
    columns,
    async read(begin, end) {
      const rows = floatsIn(room(4 * (end - begin) * columns));
      rows.set(values.subarray(begin * columns, end * columns));
      return rows;
    },
  };
}
