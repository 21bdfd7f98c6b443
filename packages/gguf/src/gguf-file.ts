import type { TensorFile, TensorPlace } from '@peftjs/safetensors';
import type { BlockType } from './block-types.ts';

/** A value of the metadata. Whole numbers of 64 bits are bigints where a number cannot hold them. */
export type MetadataValue = string | number | bigint | boolean | readonly MetadataValue[];

/** Where one tensor lies. */
export interface GgufTensor extends TensorPlace {
  /** What `dtype` names. */
  readonly type: BlockType;
}

/** Metadata and named tensors of a file, of which only the header has been read. */
export interface GgufFile extends TensorFile {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** In the order of the file's list. Shapes are row-major: [o, i], where the file itself says i first. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}
