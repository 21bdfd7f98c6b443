/** The types of tensors: how many numbers a block of so many bytes holds, and how it is read. */
import { bfloat16, float16, float32, float64 } from './plain-blocks.ts';
import type { Decoder } from './scales.ts';
import { q4_0, q4_1, q5_0, q5_1, q8_0 } from './small-blocks.ts';
import { q2_k, q3_k, q4_k, q5_k, q6_k } from './super-blocks.ts';

export interface BlockType {
  /** As llama.cpp calls it. */
  readonly name: string;
  /** In files. */
  readonly id: number;
  /** Numbers in a block. A row is a whole number of blocks. */
  readonly values: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** As float32; absent where the type is not read. */
  readonly decode?: Decoder;
}

export const BLOCK_TYPES: readonly BlockType[] = [
  { name: 'F32', id: 0, values: 1, bytes: 4, decode: float32 },
  { name: 'F16', id: 1, values: 1, bytes: 2, decode: float16 },
  { name: 'Q4_0', id: 2, values: 32, bytes: 18, decode: q4_0 },
  { name: 'Q4_1', id: 3, values: 32, bytes: 20, decode: q4_1 },
  { name: 'Q5_0', id: 6, values: 32, bytes: 22, decode: q5_0 },
  { name: 'Q5_1', id: 7, values: 32, bytes: 24, decode: q5_1 },
  { name: 'Q8_0', id: 8, values: 32, bytes: 34, decode: q8_0 },
  { name: 'Q2_K', id: 10, values: 256, bytes: 84, decode: q2_k },
  { name: 'Q3_K', id: 11, values: 256, bytes: 110, decode: q3_k },
  { name: 'Q4_K', id: 12, values: 256, bytes: 144, decode: q4_k },
  { name: 'Q5_K', id: 13, values: 256, bytes: 176, decode: q5_k },
  { name: 'Q6_K', id: 14, values: 256, bytes: 210, decode: q6_k },
  { name: 'IQ2_XXS', id: 16, values: 256, bytes: 66 },
  { name: 'IQ2_XS', id: 17, values: 256, bytes: 74 },
  { name: 'IQ3_XXS', id: 18, values: 256, bytes: 98 },
  { name: 'IQ1_S', id: 19, values: 256, bytes: 50 },
  { name: 'IQ4_NL', id: 20, values: 32, bytes: 18 },
  { name: 'IQ3_S', id: 21, values: 256, bytes: 110 },
  { name: 'IQ2_S', id: 22, values: 256, bytes: 82 },
  { name: 'IQ4_XS', id: 23, values: 256, bytes: 136 },
  { name: 'I8', id: 24, values: 1, bytes: 1 },
  { name: 'I16', id: 25, values: 1, bytes: 2 },
  { name: 'I32', id: 26, values: 1, bytes: 4 },
  { name: 'I64', id: 27, values: 1, bytes: 8 },
  { name: 'F64', id: 28, values: 1, bytes: 8, decode: float64 },
  { name: 'IQ1_M', id: 29, values: 256, bytes: 56 },
  { name: 'BF16', id: 30, values: 1, bytes: 2, decode: bfloat16 },
  { name: 'TQ1_0', id: 34, values: 256, bytes: 54 },
  { name: 'TQ2_0', id: 35, values: 256, bytes: 66 },
  { name: 'MXFP4', id: 39, values: 32, bytes: 17 },
];
