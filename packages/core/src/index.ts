export type { Adapter, AdapterSnapshot, Attachment, Parameter, SavedTensor, Trainable } from './adapter.ts';
export { type Affine, type AffineSpec, affinePart, type Term } from './affine.ts';
export { type AttachOptions, attach } from './attach.ts';
export { type Chains, createChains } from './chains.ts';
export { type Config, type ConfigReader, configReader } from './config-reader.ts';
export { dropout } from './dropout.ts';
export { fromWeight, type Start, type Started } from './from-weight.ts';
export type { BaseFile, BaseModel, Host, StoredTensor, Undo } from './host.ts';
export { inParts, joinRows } from './in-parts.ts';
export { type Merged, type MergeOptions, merge, type Unmerge } from './merge.ts';
export type {
  Family,
  Folded,
  Forward,
  ForwardArgs,
  Json,
  Method,
  ParamSpec,
  ParamSpecs,
  Part,
  PartArgs,
  Place,
  Tensors,
} from './method.ts';
export { modulesToSave } from './modules-to-save.ts';
export { nearest } from './nearest.ts';
export { penalty } from './penalty.ts';
export { activeRoute, checkRoutes, type Pin, pin } from './pin.ts';
export { readModulesToSave } from './read-modules-to-save.ts';
export { adaptersOf } from './registry.ts';
export { type Replacement, replaceHeld } from './replace-held.ts';
export { type RestoreOptions, restore } from './restore.ts';
export { isSameRoute, type Route, route } from './route.ts';
export type {
  AttentionInput,
  AttentionSite,
  Context,
  ConvSite,
  EmbeddingSite,
  In,
  Kinds,
  LinearSite,
  Link,
  NormInput,
  NormSite,
  Out,
  ResidualSite,
  Sequence,
  SequenceSite,
  Site,
  SiteKind,
  SiteOf,
  StreamSite,
  Tokens,
  WeightSite,
} from './site.ts';
export { ruleJson } from './snapshot.ts';
export { type FileCodes, type FileMatrix, type FileTensor, holding, type Storage, storeMatrix } from './storage.ts';
export { type Stored, type StoreOptions, storeWeights } from './store-weights.ts';
export { countParameters, summarize } from './summary.ts';
export { ALL_LINEAR, patternFor, selectSites, type Targets } from './targets.ts';
export { virtualTokens } from './virtual-tokens.ts';
export { dense, type Weight } from './weight.ts';
export { wholeNorm } from './whole-norm.ts';
