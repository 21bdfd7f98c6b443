// The number of each kernel, by which a job names it.
export const GEMM_PACK: i32 = 0;
export const GEMM_TILES: i32 = 1;
export const GEMM_BATCH: i32 = 2;
export const GEMV_ROWS: i32 = 3;
export const GEMV_COLUMNS: i32 = 4;
