// From the number of a kernel to the function that does one chunk of it.
import { gemmBatchChunk, gemmPackChunk, gemmTilesChunk } from './gemm';
import { gemvColumnsChunk, gemvRowsChunk } from './gemv';
import { GEMM_BATCH, GEMM_PACK, GEMM_TILES, GEMV_COLUMNS, GEMV_ROWS } from './kernel-ids';

export function runChunk(kernel: i32, chunk: i32, thread: i32): void {
  switch (kernel) {
    case GEMM_PACK: return gemmPackChunk(chunk);
    case GEMM_TILES: return gemmTilesChunk(chunk, thread);
    case GEMM_BATCH: return gemmBatchChunk(chunk, thread);
    case GEMV_ROWS: return gemvRowsChunk(chunk);
    case GEMV_COLUMNS: return gemvColumnsChunk(chunk);
    default: unreachable();
  }
}
