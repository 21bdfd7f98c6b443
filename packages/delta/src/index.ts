export { apply, undo } from './apply.ts';
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
  Summand,
  TensorBytes,
  TensorKind,
} from './codec.ts';
export { type ExactOptions, exact } from './codecs/exact.ts';
export { DeltaError } from './delta-error.ts';
export { type DiffOptions, diff } from './diff.ts';
export { type DeltaContents, inspect } from './inspect.ts';
export type { ChunkRecord, Facts, Item, Manifest, ModelRecord, Payload, Section, Slot } from './manifest.ts';
export { isSame } from './manifest.ts';
export { type OpenDelta, openDelta } from './open-delta.ts';
export type { DeltaProgress, DeltaRun } from './progress.ts';
export type { RestoreOptions } from './restore-model.ts';
export { type ModelTensors, tunedFolder, tunedTensors } from './tuned-model.ts';
export { type VerifyOptions, verify } from './verify.ts';
export type { DiffResult, WriteOptions } from './write-delta.ts';
