// What the module exports. It has no memory and no data of its own: it works in the memory of tfjs.
export { adamw } from './adamw';
export { adamw8bit } from './adamw-8bit';
export { attention, attentionScratch } from './attention';
export { attentionGrad, sumGroups } from './attention-grad';
export { copy, copyRows, fill, repeat } from './bytes';
export { crossEntropy, crossEntropyGrad } from './cross-entropy';
export { BF16, F16, GROUPS4, GROUPS8, setMatrix } from './decode';
export { setGroups } from './decode-groups';
export { gelu, geluGrad } from './gelu';
export { gemm, GEMM_SCRATCH, gemmBatch } from './gemm';
export { gemvColumns, gemvRows } from './gemv';
export { layerNorm, layerNormGamma, layerNormGrad } from './layer-norm';
export { packedMany, packedRows } from './packed';
export { packedFew } from './packed-few';
export { patches } from './patches';
export { attach, fail, JOB_BYTES, reset, serve, setScratch } from './pool';
export { rmsNorm, rmsNormGamma, rmsNormGrad } from './rms-norm';
export { rowScale as scale } from './row';
export { rope } from './rope';
export { gatherRows, scatterRows } from './rows';
export { sumRows } from './sum-rows';
export { swiglu, swigluGrad } from './swiglu';
export { ERF, EXP, TANH, unary } from './unary';
// Exported so that they are not inlined into their only caller, where V8 would spill their sums.
export { tile, tileOnto } from './micro';
