export { bf16, f16 } from './half.ts';
export { bfloat16, float16, type HalfPacking } from './half-packing.ts';
export { type PackedStorageOptions, packedStorage } from './packed-storage.ts';
export { packedWeight } from './packed-weight.ts';
export type { Grid } from './qat/grid.ts';
export { gridStorage } from './qat/grid-storage.ts';
export { type QatSpec, qat } from './qat/qat.ts';
export { readQat } from './qat/read-qat.ts';
