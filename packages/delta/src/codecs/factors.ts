// Singular values of a matrix wherever it is: one that is small enough to be kept goes to whoever of the crew is free.
import type { Pause } from '../codec.ts';
import { crew } from '../crew/crew.ts';
import type { Task } from '../crew/task.ts';
import { bytesIn, floatsIn } from '../numbers.ts';
import { reused } from '../tensor-bytes.ts';
import type { Matrix, MatrixShape } from './additive.ts';
import { type SingularValues, singularValues } from './singular-values.ts';
import { isKept } from './sketch.ts';

interface Wanted extends MatrixShape {
  readonly most: number;
}

/** [change] as [values, u, v], of float64, float32 and float32. */
export const findFactors: Task<Wanted> = {
  name: 'low-rank.factors',
  run([change], { rows, columns, most }, pause) {
    const values = floatsIn(change as Uint8Array);
    const read = async (begin: number, end: number) => values.subarray(begin * columns, end * columns);
    return singularValues({ rows, columns, read }, most, pause, async ({ rank, values, u, v }) => [
      bytesIn(values),
      bytesIn(await u.read(0, rank)),
      bytesIn(await v.read(0, rank)),
    ]);
  },
};

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
