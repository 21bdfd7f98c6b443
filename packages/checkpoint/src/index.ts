export { CARD_FILE, PROVENANCE_FILE } from './adapter-files.ts';
export { type AdapterRecord, KEY_PREFIX, type SavedTensor, siteKey } from './adapter-record.ts';
export { checkBase, type KnownBase, knownBase } from './check-base.ts';
export { checkReplacement, isFileName } from './check-replacement.ts';
export { CheckpointError } from './checkpoint-error.ts';
export { diskFolder } from './disk-folder.ts';
export {
  type FingerprintEntry,
  fingerprint,
  fingerprintOf,
  fingerprintWeights,
  type TensorDigest,
} from './fingerprint.ts';
export type { FileContent, Folder, WritableFolder } from './folder.ts';
export { contentHash, type FolderRecord, type FoundRecord, recordOf } from './folder-record.ts';
export { type HttpFolderOptions, httpFolder } from './http-folder.ts';
export { encodeJson, type Json, readJsonObject } from './json-file.ts';
export { type Lineage, lineageLines, lineageOf } from './lineage.ts';
export { loadAdapter } from './load-adapter.ts';
export { type MemoryFolder, memoryFolder } from './memory-folder.ts';
export { foreignCard, type ModelCard, modelCard } from './model-card.ts';
export { isWeightsFile, MODEL_FILE, openSafetensorsWeights, openWeights } from './open-weights.ts';
export { type Provenance, provenanceRows, type Story } from './provenance.ts';
export {
  checkDigest,
  digest,
  encodeProvenance,
  type FolderKind,
  type ProvenanceFile,
  readProvenance,
} from './provenance-file.ts';
export { type AdapterSource, type SaveAdapterOptions, type SavedAdapter, saveAdapter } from './save-adapter.ts';
export { type Hasher, sha256, sha256Of, startSha256 } from './sha256.ts';
export { type FolderSignature, SIGNATURE_FILE, type SignedFile } from './signature-file.ts';
export { sign, signedFolder, type TrustOptions, verifySignature } from './signed-folder.ts';
export { createKeys, isSignedBy, type KeyPair, normalKey, signBytes } from './signing-keys.ts';
export { type RunState, type RunStateStore, stateStore } from './state-store.ts';
export { whatElse } from './what-else.ts';
