export { asStored } from './as-stored.ts';
export { bitsandbytes } from './bitsandbytes.ts';
export { byRole } from './by-role.ts';
export type { FittedOptions } from './fitted-storage.ts';
export { type FourBitOptions, type FourBitStorageOptions, fp4, fp4Packing, nf4, nf4Packing } from './four-bit.ts';
export { type GroupedPacking, groupedPacking } from './grouped-packing.ts';
export { bf16, f16 } from './half.ts';
export { bfloat16, float16, type HalfPacking } from './half-packing.ts';
export { type Importance, type ImportanceOptions, measureImportance } from './importance.ts';
export {
  type Int4Options,
  type Int4StorageOptions,
  type Int8Options,
  int4,
  int4Packing,
  int8,
  int8Packing,
} from './integers.ts';
export { type PackedStorageOptions, packedStorage } from './packed-storage.ts';
export {
  type FilePacking,
  isScaled,
  packedWeight,
  type ScaleArrays,
  type ScaledWeight,
  type Scaling,
} from './packed-weight.ts';
export type { Grid } from './qat/grid.ts';
export { gridStorage } from './qat/grid-storage.ts';
export { type QatSpec, qat } from './qat/qat.ts';
export { readQat } from './qat/read-qat.ts';
