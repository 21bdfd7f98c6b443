export { BLOCK_TYPES, type BlockType } from './block-types.ts';
export { GgufError } from './gguf-error.ts';
export type { GgufFile, GgufTensor, MetadataValue } from './gguf-file.ts';
export { openGguf } from './open-gguf.ts';
export type { Decoder } from './scales.ts';
