// The sum of the rows of a matrix.
import { SUM_ROWS } from './kernel-ids';
import { addScaled } from './gemv';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';

/** out[j] = sum over rows of x[r, j]. Cut by columns, so that no two threads share a sum. */
export function sumRows(x: usize, out: usize, rows: i32, d: i32): void {
  setArg<usize>(0, x);
  setArg<usize>(1, out);
  setArg<i32>(2, rows);
  setArg<i32>(3, d);
  parallel(SUM_ROWS, chunksFor((d + 15) >> 4, 16 * <f64>rows, 65536));
}

export function sumRowsChunk(chunk: i32): void {
  const rows = arg<i32>(2);
  const d = arg<i32>(3);
  const chunks = chunkCount();
  const first = startOf(chunk, chunks, (d + 15) >> 4) << 4;
  const width = min(d, startOf(chunk + 1, chunks, (d + 15) >> 4) << 4) - first;
  const to = arg<usize>(1) + (first << 2);
  memory.fill(to, 0, width << 2);
  for (let r = 0; r < rows; r++) addScaled(to, arg<usize>(0) + ((r * d + first) << 2), 1, width);
}
