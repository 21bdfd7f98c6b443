// What low rank and mixed precision take long for: a matrix that is small enough to be sent as factors, and rows of a product.
import type { Task } from '../crew/task.ts';
import { bytesIn, floatsIn } from '../numbers.ts';
import type { MatrixShape } from './additive.ts';
import { gather, giveBack, spread, strideOf, takeKernels } from './low-rank-kernels.ts';
import { singularValues } from './singular-values.ts';

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
