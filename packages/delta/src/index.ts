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
export { type DiffOptions, type DiffResult, diff } from './diff.ts';
export { type DeltaContents, inspect } from './inspect.ts';
export type { ChunkRecord, Facts, Item, Manifest, ModelRecord, Payload, Section, Slot } from './manifest.ts';
export type { OpenDelta } from './open-delta.ts';
export type { DeltaProgress, DeltaRun } from './progress.ts';
export { apply, type RestoreOptions, undo, verify } from './restore-model.ts';
