// The storages whose codes of 4 bits look a number up, times the largest size in their block: NF4 and FP4, with the codes and
// the order of bits that bitsandbytes has.
import type { Storage } from '@peftjs/core';
import { type BlockCodes, blockCodes } from './bitsandbytes-codes.ts';
import { type FittedOptions, fittedStorage } from './fitted-storage.ts';
import { type GroupedPacking, groupedPacking } from './grouped-packing.ts';
import { DYNAMIC_MAP } from './nested-scales.ts';

export interface FourBitOptions {
  /** Numbers that share a scale: a power of two from 32 to 4096. 64 by default. */
  readonly block?: number;
  /** Whether the scales are coded themselves, in 8 bits; false by default. */
  readonly doubleQuantization?: boolean;
}

export interface FourBitStorageOptions extends FourBitOptions, FittedOptions {}

/** NF4: the quantiles of a normal distribution. arXiv 2305.14314. */
export function nf4(options: FourBitStorageOptions = {}): Storage {
  return fittedStorage(nf4Packing(options), 'use f16()', options);
}

/** FP4: a sign, two bits of exponent, one of fraction. */
export function fp4(options: FourBitStorageOptions = {}): Storage {
  return fittedStorage(fp4Packing(options), 'use f16()', options);
}

export const nf4Packing = (options: FourBitOptions = {}): GroupedPacking => fourBit('nf4', NF4, options);
export const fp4Packing = (options: FourBitOptions = {}): GroupedPacking => fourBit('fp4', FP4, options);

function fourBit(
  name: BlockCodes['kind'],
  levels: Float32Array,
  { block = 64, doubleQuantization = false }: FourBitOptions,
): GroupedPacking {
  if (!Number.isInteger(Math.log2(block)) || block < 32 || block > 4096) {
    throw new Error(
      `[peftjs/quantization] ${name} takes blocks of a power of two from 32 to 4096, found ${block}; 64 is usual`,
    );
  }
  const map = doubleQuantization ? DYNAMIC_MAP : null;
  const form = { kind: 'grouped', levels, group: block, map, offsets: false, fit: { of: 'size', share: 1 } } as const;
  return groupedPacking(name, form, blockCodes({ kind: name, block, nested: doubleQuantization }));
}

/** The quantiles, scaled to [-1, 1]. */
const NF4 = Float32Array.of(
  ...[-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635],
  ...[-0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725],
  ...[0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1],
);

const SIZES = [0, 0.0052083334885537624, 0.6666666865348816, 1, 0.3333333432674408, 0.5, 0.1666666716337204, 0.25];
const FP4 = Float32Array.of(...SIZES, ...SIZES.map((size) => 0 - size));
