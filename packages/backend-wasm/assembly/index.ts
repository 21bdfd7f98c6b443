// What the module exports. It has no memory and no data of its own: it works in the memory of tfjs.
export { gemm, GEMM_SCRATCH, gemmBatch } from './gemm';
export { gemvColumns, gemvRows } from './gemv';
export { attach, JOB_BYTES, reset, serve, setScratch } from './pool';
// Exported so that they are not inlined into their only caller, where V8 would spill their sums.
export { tile, tileOnto } from './micro';
