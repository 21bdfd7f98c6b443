export type { Backend, Capabilities, Obstacle } from './backend.ts';
export { recompute, type ValueAndGrads, valueAndGrads } from './backward.ts';
export {
  type CodeForm,
  type Fit,
  type GroupedForm,
  type GroupSizes,
  groupSizes,
  type HalfForm,
  levelOrder,
  NESTED_BLOCK,
} from './code-form.ts';
export {
  type Coded,
  codedZeros,
  type Decade,
  DYNAMIC_BLOCK,
  DYNAMIC_WORDS,
  dynamicDecades,
} from './dynamic-codes.ts';
export { dynamicTable } from './dynamic-table.ts';
export { type Engine, engine, type TapeNode, untaped } from './engine.ts';
export {
  type Form,
  type FusedOp,
  fusedOp,
  hasKernel,
  type Inputs,
  type Kernel,
  kernel,
  type Replaceable,
  registerKernels,
} from './fused-op.ts';
export { gradientSelfTest } from './gradient-self-test.ts';
export { registerGradients } from './gradients.ts';
export { type MemoryMeter, memoryMeter } from './memory-meter.ts';
export { nextTurn } from './next-turn.ts';
export { once } from './once.ts';
export { type AdamwAttrs, type AdamwForm, type AdamwInputs, type AdamwResult, adamw } from './ops/adamw.ts';
export { type Adamw8bitForm, type Adamw8bitInputs, type Adamw8bitResult, adamw8bit } from './ops/adamw-8bit.ts';
export { type AttentionAttrs, type AttentionInputs, attention } from './ops/attention.ts';
export { type CrossEntropyInputs, crossEntropy, IGNORED } from './ops/cross-entropy.ts';
export { type CutForm, cut } from './ops/cut.ts';
export { type FakeQuantizeAttrs, type FakeQuantizeInputs, fakeQuantize } from './ops/fake-quantize.ts';
export { type GeluAttrs, type GeluInputs, gelu } from './ops/gelu.ts';
export { type LayerNormAttrs, type LayerNormInputs, layerNorm } from './ops/layer-norm.ts';
export { type LookupAttrs, type LookupInputs, lookup, lookupOp } from './ops/lookup.ts';
export { type LowRankAttrs, type LowRankInputs, lowRank, rowsOf } from './ops/low-rank.ts';
export { type LowRankRowsAttrs, lowRankRows } from './ops/low-rank-rows.ts';
export { emptyArrays, type PackForm, pack, toPackedTensors } from './ops/pack.ts';
export { type PackedMatMulInputs, packedMatMul, packedMatMulOp } from './ops/packed-mat-mul.ts';
export { type PackedRowsForm, packedRows } from './ops/packed-rows.ts';
export { type RmsNormAttrs, type RmsNormInputs, rmsNorm } from './ops/rms-norm.ts';
export { type RopeInputs, rope } from './ops/rope.ts';
export { type SwigluInputs, swiglu } from './ops/swiglu.ts';
export type { Encoder, PackedArray, PackedArrays, PackedMatrix, PackedTensors, Packing } from './packing.ts';
export { normal, type Random, random, uniform } from './random.ts';
export { type Gaps, gapsOf, spreadFilter } from './spread-filter.ts';
export { type BackendReport, largestTensor, type Rejection, useBackend } from './use-backend.ts';
export {
  forEachTap,
  maxima,
  type PoolAttrs,
  poolWindows,
  type WindowAxis,
  type Windows,
  windowsOf,
} from './windows.ts';
