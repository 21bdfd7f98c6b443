// Products with a packed matrix W [o, i], whatever its codes, and its rows: W is decoded a strip at a time, into where a
// product's strips are packed. No more of it is ever decoded than a block.
import { decodeColumns, decodeRow } from './decode';
import { ceilDiv, KC, NC, TILE_BYTES, tileChunks, timesPacked } from './gemm';
import { PACKED_PACK, PACKED_ROWS } from './kernel-ids';
import { NR } from './micro';
import { packStrip } from './pack';
import { arg, chunkCount, chunksFor, parallel, scratchOf, setArg, sharedScratch, startOf } from './pool';

/** C = A W', or with `down` A W, A of m contiguous rows. */
export function packedMany(a: usize, c: usize, m: i32, outDim: i32, inDim: i32, down: bool): void {
  const k = down ? outDim : inDim;
  const n = down ? inDim : outDim;
  const blocks = max(1, ceilDiv(k, KC));
  // Of whole vectors, whatever the codes.
  const kc = min(KC, (ceilDiv(k, blocks) + 31) & ~31);
  const chunks = tileChunks(m, n, k);
  for (let j = 0; j < n; j += NC) {
    const columns = min(NC, n - j);
    for (let p = 0; p < k; p += kc) {
      const depth = min(kc, k - p);
      setArg<i32>(9, columns);
      setArg<i32>(10, depth);
      setArg<i32>(13, j);
      setArg<i32>(14, p);
      setArg<i32>(15, down);
      parallel(PACKED_PACK, chunksFor(ceilDiv(columns, NR), <f64>(NR * depth), 16384));
      timesPacked(a + (p << 2), k << 2, 4, c + (j << 2), n << 2, m, columns, depth, p > 0, chunks);
    }
  }
}

/** Strips of a block of W' or of W. */
export function packedPackChunk(chunk: i32, thread: i32): void {
  const columns = arg<i32>(9);
  const depth = arg<i32>(10);
  const j = arg<i32>(13);
  const p = arg<i32>(14);
  const down = arg<i32>(15);
  const strips = ceilDiv(columns, NR);
  const chunks = chunkCount();
  const stripBytes = ((depth + 1) & ~1) * NR * 4;
  const rows = scratchOf(thread) + TILE_BYTES;
  for (let s = startOf(chunk, chunks, strips); s < startOf(chunk + 1, chunks, strips); s++) {
    const to = sharedScratch() + s * stripBytes;
    const width = min(NR, columns - s * NR);
    const from = j + s * NR;
    if (down && width == NR) {
      decodeColumns(p, depth, from, to);
      if (depth & 1) memory.fill(to + depth * NR * 4, 0, NR * 4);
    } else if (down) {
      for (let r = 0; r < depth; r++) decodeRow(p + r, from, width, rows + r * NR * 4);
      packStrip(NR, rows, 4, NR * 4, to, width, depth);
    } else {
      for (let r = 0; r < width; r++) decodeRow(from + r, p, depth, rows + r * KC * 4);
      packStrip(NR, rows, KC * 4, 4, to, width, depth);
    }
  }
}

/** Rows of W by index, or where `ids` is 0 the first `count`; a row outside of W is zeros. */
export function packedRows(ids: usize, out: usize, count: i32, outDim: i32, inDim: i32): void {
  setArg<usize>(0, ids);
  setArg<usize>(1, out);
  setArg<i32>(2, count);
  setArg<i32>(3, outDim);
  setArg<i32>(4, inDim);
  parallel(PACKED_ROWS, chunksFor(count, inDim, 65536));
}

export function packedRowsChunk(chunk: i32): void {
  const ids = arg<usize>(0);
  const count = arg<i32>(2);
  const rows = arg<i32>(3);
  const d = arg<i32>(4);
  const chunks = chunkCount();
  for (let n = startOf(chunk, chunks, count); n < startOf(chunk + 1, chunks, count); n++) {
    const id = ids ? load<i32>(ids + (n << 2)) : n;
    const to = arg<usize>(1) + ((n * d) << 2);
    if (<u32>id < <u32>rows) decodeRow(id, 0, d, to);
    else memory.fill(to, 0, d << 2);
  }
}
