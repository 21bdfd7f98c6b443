// C = A B or C += A B for matrices of any strides (Goto and van de Geijn's blocking): B packed into strips of 8 columns,
// A, a block of rows at a time, into strips of 6 rows. A transpose is a matter of strides.
import { GEMM_BATCH, GEMM_PACK, GEMM_TILES } from './kernel-ids';
import { MR, NR, tile, tileOnto } from './micro';
import { packStrip } from './pack';
import { arg, chunkCount, chunksFor, parallel, scratchOf, setArg, sharedScratch, startOf } from './pool';

/** Depth, columns and rows of a block: a strip of B fits the first cache, a block of A the second. */
export const KC: i32 = 512;
export const NC: i32 = 512;
const MC: i32 = 96;

export const TILE_BYTES: i32 = MR * NR * 4;
const A_BYTES: i32 = MC * KC * 4;
const B_BYTES: i32 = NC * KC * 4;
/** What a product on one thread needs as scratch; as much is needed once more for all threads together. */
export const GEMM_SCRATCH: i32 = TILE_BYTES + A_BYTES + B_BYTES;

// @ts-ignore: decorator
@inline
export function ceilDiv(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}

/** The depth of each block, where `k` is cut into equal ones. */
// @ts-ignore: decorator
@inline
function depthOf(k: i32): i32 {
  const blocks = ceilDiv(k, KC);
  return min(KC, (ceilDiv(k, max(1, blocks)) + 1) & ~1);
}

function packColumns(b: usize, rsb: usize, csb: usize, to: usize, columns: i32, depth: i32, first: i32, end: i32): void {
  const stripBytes = ((depth + 1) & ~1) * NR * 4;
  for (let s = first; s < end; s++) {
    const j = s * NR;
    packStrip(NR, b + j * csb, csb, rsb, to + s * stripBytes, min(NR, columns - j), depth);
  }
}

/** Rows `i0` to `i1` times strips `s0` to `s1` of the packed block of B. */
function block(
  a: usize, rsa: usize, csa: usize, packedB: usize, c: usize, ldc: usize,
  i0: i32, i1: i32, s0: i32, s1: i32, columns: i32, depth: i32, accumulate: bool, scratch: usize,
): void {
  const even = (depth + 1) & ~1;
  const stripA = even * MR * 4;
  const stripB = even * NR * 4;
  const packedA = scratch + TILE_BYTES;
  for (let i = i0; i < i1; i += MC) {
    const rows = min(MC, i1 - i);
    const strips = ceilDiv(rows, MR);
    for (let s = 0; s < strips; s++) {
      packStrip(MR, a + (i + s * MR) * rsa, rsa, csa, packedA + s * stripA, min(MR, rows - s * MR), depth);
    }
    for (let p = s0; p < s1; p++) {
      const nr = min(NR, columns - p * NR);
      const bp = packedB + p * stripB;
      for (let s = 0; s < strips; s++) {
        const mr = min(MR, rows - s * MR);
        const to = c + (i + s * MR) * ldc + p * NR * 4;
        const ap = packedA + s * stripA;
        if (mr < MR || nr < NR) {
          tile(ap, bp, scratch, even, NR * 4);
          copyTile(scratch, to, ldc, mr, nr, accumulate);
        } else if (accumulate) tileOnto(ap, bp, to, even, ldc);
        else tile(ap, bp, to, even, ldc);
      }
    }
  }
}

function copyTile(from: usize, to: usize, ldc: usize, mr: i32, nr: i32, accumulate: bool): void {
  for (let i = 0; i < mr; i++) {
    for (let j = 0; j < nr; j++) {
      const x = load<f32>(from + (j << 2));
      const at = to + (j << 2);
      store<f32>(at, accumulate ? x + load<f32>(at) : x);
    }
    from += NR * 4;
    to += ldc;
  }
}

/** The product on one thread. All strides in bytes; the columns of C are adjacent. */
export function product(
  a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, csb: usize, c: usize, ldc: usize,
  m: i32, n: i32, k: i32, accumulate: bool, scratch: usize,
): void {
  const packedB = scratch + TILE_BYTES + A_BYTES;
  const kc = depthOf(k);
  for (let j = 0; j < n; j += NC) {
    const columns = min(NC, n - j);
    const strips = ceilDiv(columns, NR);
    for (let p = 0; p < k; p += kc) {
      const depth = min(kc, k - p);
      packColumns(b + p * rsb + j * csb, rsb, csb, packedB, columns, depth, 0, strips);
      block(
        a + p * csa, rsa, csa, packedB, c + j * 4, ldc,
        0, m, 0, strips, columns, depth, accumulate || p > 0, scratch,
      );
    }
  }
}

/** The product on all threads. */
export function gemm(
  a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, csb: usize, c: usize, ldc: usize,
  m: i32, n: i32, k: i32, accumulate: bool,
): void {
  const chunks = tileChunks(m, n, k);
  if (chunks == 1) {
    product(a, rsa, csa, b, rsb, csb, c, ldc, m, n, k, accumulate, scratchOf(0));
    return;
  }
  const kc = depthOf(k);
  setArg<usize>(4, rsb);
  setArg<usize>(5, csb);
  for (let j = 0; j < n; j += NC) {
    const columns = min(NC, n - j);
    for (let p = 0; p < k; p += kc) {
      const depth = min(kc, k - p);
      setArg<usize>(3, b + p * rsb + j * csb);
      setArg<i32>(9, columns);
      setArg<i32>(10, depth);
      parallel(GEMM_PACK, chunksFor(ceilDiv(columns, NR), <f64>(NR * depth), 16384));
      timesPacked(a + p * csa, rsa, csa, c + j * 4, ldc, m, columns, depth, accumulate || p > 0, chunks);
    }
  }
}

/** How many chunks to cut the tiles of a product into. */
export function tileChunks(m: i32, n: i32, k: i32): i32 {
  return chunksFor(ceilDiv(m, MR) * ceilDiv(n, NR), <f64>(2 * MR * NR) * k, 150_000);
}

/** Some columns of A times the block of B that lies packed in the shared memory, on all threads. */
export function timesPacked(
  a: usize, rsa: usize, csa: usize, c: usize, ldc: usize,
  m: i32, columns: i32, depth: i32, accumulate: bool, chunks: i32,
): void {
  const rowChunks = max(min(chunks, ceilDiv(m, 4 * MR)), ceilDiv(m, MC));
  const columnChunks = min(ceilDiv(columns, NR), max(1, chunks / rowChunks));
  setArg<usize>(0, a);
  setArg<usize>(1, rsa);
  setArg<usize>(2, csa);
  setArg<usize>(6, c);
  setArg<usize>(7, ldc);
  setArg<i32>(8, m);
  setArg<i32>(9, columns);
  setArg<i32>(10, depth);
  setArg<i32>(11, accumulate);
  setArg<i32>(12, rowChunks);
  parallel(GEMM_TILES, rowChunks * columnChunks);
}

export function gemmPackChunk(chunk: i32): void {
  const columns = arg<i32>(9);
  const strips = ceilDiv(columns, NR);
  const chunks = chunkCount();
  packColumns(
    arg<usize>(3), arg<usize>(4), arg<usize>(5), sharedScratch(), columns, arg<i32>(10),
    startOf(chunk, chunks, strips), startOf(chunk + 1, chunks, strips),
  );
}

export function gemmTilesChunk(chunk: i32, thread: i32): void {
  const m = arg<i32>(8);
  const columns = arg<i32>(9);
  const rowChunks = arg<i32>(12);
  const columnChunks = chunkCount() / rowChunks;
  const row = chunk % rowChunks;
  const column = chunk / rowChunks;
  const rowStrips = ceilDiv(m, MR);
  const strips = ceilDiv(columns, NR);
  block(
    arg<usize>(0), arg<usize>(1), arg<usize>(2), sharedScratch(), arg<usize>(6), arg<usize>(7),
    startOf(row, rowChunks, rowStrips) * MR, min(m, startOf(row + 1, rowChunks, rowStrips) * MR),
    startOf(column, columnChunks, strips), startOf(column + 1, columnChunks, strips),
    columns, arg<i32>(10), <bool>arg<i32>(11), scratchOf(thread),
  );
}

/** As many products of one shape as `batch` says, the operands `sa`, `sb` and `sc` bytes apart; 0 repeats one. */
export function gemmBatch(
  a: usize, rsa: usize, csa: usize, b: usize, rsb: usize, csb: usize, c: usize, ldc: usize,
  m: i32, n: i32, k: i32, batch: i32, sa: usize, sb: usize, sc: usize,
): void {
  const work = 2 * <f64>m * <f64>n * <f64>k;
  if (work > 4e6 || batch == 1) {
    for (let i = 0; i < batch; i++) {
      gemm(a + i * sa, rsa, csa, b + i * sb, rsb, csb, c + i * sc, ldc, m, n, k, false);
    }
    return;
  }
  setArg<usize>(0, a);
  setArg<usize>(1, rsa);
  setArg<usize>(2, csa);
  setArg<usize>(3, b);
  setArg<usize>(4, rsb);
  setArg<usize>(5, csb);
  setArg<usize>(6, c);
  setArg<usize>(7, ldc);
  setArg<i32>(8, m);
  setArg<i32>(9, n);
  setArg<i32>(10, k);
  setArg<i32>(11, batch);
  setArg<usize>(12, sa);
  setArg<usize>(13, sb);
  setArg<usize>(14, sc);
  parallel(GEMM_BATCH, chunksFor(batch, work, 100_000));
}

export function gemmBatchChunk(chunk: i32, thread: i32): void {
  const batch = arg<i32>(11);
  const chunks = chunkCount();
  for (let i = startOf(chunk, chunks, batch); i < startOf(chunk + 1, chunks, batch); i++) {
    product(
      arg<usize>(0) + i * arg<usize>(12), arg<usize>(1), arg<usize>(2),
      arg<usize>(3) + i * arg<usize>(13), arg<usize>(4), arg<usize>(5),
      arg<usize>(6) + i * arg<usize>(14), arg<usize>(7),
      arg<i32>(8), arg<i32>(9), arg<i32>(10), false, scratchOf(thread),
    );
  }
}
