export { assertFinite, findNonFinite } from './assert-finite.ts';
export type { ByteSource } from './byte-source.ts';
export { DTYPE_BITS, type Dtype } from './dtype.ts';
export { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float16.ts';
export { blobSource, memorySource } from './memory-source.ts';
export { nearest } from './nearest.ts';
export { type OpenShard, openIndex } from './open-index.ts';
export { openSafetensors, safetensorsView } from './open-safetensors.ts';
export { type Header, type HeaderPlace, parseHeader } from './parse-header.ts';
export { oneLine, quote, SafetensorsError } from './safetensors-error.ts';
export type { SafetensorsFile, TensorEntry } from './safetensors-file.ts';
export { isJsonObject, type JsonFault, parseStrictJson } from './strict-json.ts';
export type { TensorFile, TensorPlace } from './tensor-file.ts';
export {
  type LazyTensor,
  type MetadataToWrite,
  safetensorsChunks,
  type TensorData,
  type TensorParts,
  type TensorToWrite,
  writeSafetensors,
} from './write-safetensors.ts';
