export {
  type AdapterRecord,
  type Json,
  KEY_PREFIX,
  type Provenance,
  type SavedTensor,
  siteKey,
} from './adapter-record.ts';
export { checkReplacement, isFileName } from './check-replacement.ts';
export { CheckpointError } from './checkpoint-error.ts';
export { diskFolder } from './disk-folder.ts';
export {
  checkBase,
  type FingerprintEntry,
  fingerprint,
  fingerprintOf,
  fingerprintWeights,
  type TensorDigest,
} from './fingerprint.ts';
export type { FileContent, Folder, WritableFolder } from './folder.ts';
export { type HttpFolderOptions, httpFolder } from './http-folder.ts';
export { encodeJson, readJsonObject } from './json-file.ts';
export { loadAdapter } from './load-adapter.ts';
export { type MemoryFolder, memoryFolder } from './memory-folder.ts';
export { isWeightsFile, MODEL_FILE, openSafetensorsWeights, openWeights } from './open-weights.ts';
export { type AdapterSource, type SaveAdapterOptions, type SavedAdapter, saveAdapter } from './save-adapter.ts';
export { type Hasher, sha256, startSha256 } from './sha256.ts';
export { type RunState, type RunStateStore, stateStore } from './state-store.ts';
