export type { BlockOptions } from './block-size.ts';
export { type BoftOptions, boft } from './boft.ts';
export { type HraOptions, hra } from './hra.ts';
export { type OftOptions, oft } from './oft.ts';
export { readBoft, readHra, readOft } from './read-orthogonal.ts';
export type { TargetOptions } from './target-options.ts';
