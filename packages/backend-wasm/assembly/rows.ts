// Rows of a table by index: gathered, and added up.
import { GATHER_ROWS, SCATTER_ROWS } from './kernel-ids';
import { arg, chunkCount, chunksFor, parallel, setArg, startOf } from './pool';
import { addScaled } from './gemv';

/** out[o, i] = table[o, ids[i]], rows of `bytes`; a row outside of the table is zeros. */
export function gatherRows(table: usize, ids: usize, out: usize, outer: i32, count: i32, rows: i32, bytes: i32): void {
  setArg<usize>(0, table);
  setArg<usize>(1, ids);
  setArg<usize>(2, out);
  setArg<i32>(3, outer);
  setArg<i32>(4, count);
  setArg<i32>(5, rows);
  setArg<i32>(6, bytes);
  parallel(GATHER_ROWS, chunksFor(outer * count, bytes, 262144));
}

export function gatherRowsChunk(chunk: i32): void {
  const table = arg<usize>(0);
  const ids = arg<usize>(1);
  const out = arg<usize>(2);
  const count = arg<i32>(4);
  const all = arg<i32>(3) * count;
  const rows = arg<i32>(5);
  const bytes: usize = arg<i32>(6);
  const chunks = chunkCount();
  const end = startOf(chunk + 1, chunks, all);
  for (let i = startOf(chunk, chunks, all); i < end; i++) {
    const id = load<i32>(ids + ((i % count) << 2));
    const to = out + i * bytes;
    const from = table + ((i / count) * rows + id) * bytes;
    if (<u32>id >= <u32>rows) memory.fill(to, 0, bytes);
    else if (bytes == 4) store<u32>(to, load<u32>(from));
    else memory.copy(to, from, bytes);
  }
}

/** table[ids[i]] += from[i], rows of d floats. Cut by columns, so that no two threads share a sum. */
export function scatterRows(from: usize, ids: usize, table: usize, count: i32, rows: i32, d: i32): void {
  setArg<usize>(0, from);
  setArg<usize>(1, ids);
  setArg<usize>(2, table);
  setArg<i32>(3, count);
  setArg<i32>(4, rows);
  setArg<i32>(5, d);
  parallel(SCATTER_ROWS, chunksFor((d + 15) >> 4, 16 * <f64>count, 65536));
}

export function scatterRowsChunk(chunk: i32): void {
  const count = arg<i32>(3);
  const rows = arg<i32>(4);
  const d = arg<i32>(5);
  const chunks = chunkCount();
  const first = startOf(chunk, chunks, (d + 15) >> 4) << 4;
  const width = min(d, startOf(chunk + 1, chunks, (d + 15) >> 4) << 4) - first;
  for (let i = 0; i < count; i++) {
    const id = load<i32>(arg<usize>(1) + (i << 2));
    if (<u32>id >= <u32>rows) continue;
    addScaled(arg<usize>(2) + ((id * d + first) << 2), arg<usize>(0) + ((i * d + first) << 2), 1, width);
  }
}
