export { apply, undo } from './apply.ts';
export { byName } from './by-name.ts';
export { type ChainOptions, chain } from './chain.ts';
export type {
  Change,
  Codec,
  Encoded,
  EncodedPart,
  Meta,
  Pause,
  Stored,
  StoredPart,
  TensorBytes,
  TensorKind,
} from './codec.ts';
export { type Approximation, additive, type Matrix, type MatrixShape, type ReadRows } from './codecs/additive.ts';
export { type ExactOptions, exact } from './codecs/exact.ts';
export { type IntegersOptions, int4, int8 } from './codecs/integers.ts';
export { type LowRankOptions, lowRank } from './codecs/low-rank.ts';
export { type MixedOptions, mixed, type Segment } from './codecs/mixed-precision.ts';
export { dare, largest, type Picker, type Selection } from './codecs/selections.ts';
export { type SignOptions, sign } from './codecs/sign.ts';
export { type SparseOptions, sparse } from './codecs/sparse.ts';
export { DeltaError } from './delta-error.ts';
export { type CodecChoice, type DiffOptions, diff, type NamedTensor } from './diff.ts';
export { type FitOptions, fitCodecs } from './fit-codecs.ts';
export { type DeltaContents, inspect } from './inspect.ts';
export type { Goal } from './least-loss.ts';
export type { ChunkRecord, Facts, Item, Manifest, ModelRecord, Payload, Section, Slot } from './manifest.ts';
export { isSame } from './manifest.ts';
export { type OpenDelta, openDelta } from './open-delta.ts';
export type { DeltaProgress, DeltaRun } from './progress.ts';
export type { RestoreOptions } from './restore-model.ts';
export { type Place, type ToLoraOptions, toLora } from './to-lora.ts';
export { type ModelTensors, tunedFolder, tunedTensors } from './tuned-model.ts';
export { type VerifyOptions, verify } from './verify.ts';
export type { DiffResult, WriteOptions } from './write-delta.ts';
