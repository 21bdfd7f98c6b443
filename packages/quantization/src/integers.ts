// The storages of whole numbers times a scale, of 8 and of 4 bits.
import type { Storage } from '@peftjs/core';
import { rowCodes } from './bitsandbytes-codes.ts';
import { type FittedOptions, fittedStorage } from './fitted-storage.ts';
import { type GroupedPacking, groupedPacking } from './grouped-packing.ts';
import { packedStorage } from './packed-storage.ts';

export interface Int8Options {
  /** Numbers that share a scale, a multiple of 32; a whole row, which is a layer's output, when left out. */
  readonly group?: number;
  /**
   * Bits that inputs are rounded to where few rows are multiplied, as in generation, on a backend that is faster so; a row errs by
   * at most its largest size / 254 in each number. In float32 when left out, and in products of many rows and gradients.
   */
  readonly inputs?: 8;
}

export interface Int4Options {
  /** Numbers that share a scale, a multiple of 32. 64 by default. */
  readonly group?: number;
  /** Whether each group has an offset as well, so that its 16 levels lie between its smallest and largest number. */
  readonly asymmetric?: boolean;
}

export interface Int4StorageOptions extends Int4Options, FittedOptions {}

/** code * scale: scale = largest size / 127, codes from -127 to 127. */
export function int8(options: Int8Options = {}): Storage {
  return packedStorage(int8Packing(options), { advice: 'use float32' });
}

/**
 * Symmetric: (code - 8) * scale, scale = m / -8 for the number m of the largest size, which keeps it as GGUF's Q4_0 does; a group
 * whose numbers are multiples of one step already, as learned steps leave it, keeps that step.
 * Asymmetric: code * scale + smallest, scale = (largest - smallest) / 15, as in GGUF's Q4_1.
 */
export function int4(options: Int4StorageOptions = {}): Storage {
  return fittedStorage(int4Packing(options), 'use float32', options);
}

export function int8Packing({ group, inputs }: Int8Options = {}): GroupedPacking {
  if (group !== undefined) assertGroup('int8', group);
  if (inputs !== undefined && inputs !== 8)
    throw new Error(`[peftjs/quantization] int8 rounds inputs to 8 bits, found ${inputs}; leave it out for float32`);
  const rest = { levels: null, map: null, offsets: false, fit: { of: 'size', share: 1 / 127 } } as const;
  return groupedPacking(
    'int8',
    { kind: 'grouped', group: group ?? 'row', ...rest, ...(inputs && { inputs }) },
    group === undefined ? rowCodes : undefined,
  );
}

export function int4Packing({ group = 64, asymmetric = false }: Int4Options = {}): GroupedPacking {
  assertGroup('int4', group);
  return groupedPacking('int4', {
    kind: 'grouped',
    levels: asymmetric ? FROM_ZERO : AROUND_ZERO,
    group,
    map: null,
    offsets: asymmetric,
    fit: asymmetric ? { of: 'range', share: 1 / 15 } : { of: 'number', share: -1 / 8, multiples: 7 },
  });
}

const FROM_ZERO = Float32Array.from({ length: 16 }, (_, code) => code);
const AROUND_ZERO = FROM_ZERO.map((code) => code - 8);

function assertGroup(name: string, group: number): void {
  if (group > 0 && group % 32 === 0) return;
  throw new Error(
    `[peftjs/quantization] ${name} takes groups of a multiple of 32, found ${group}; 32, 64 or 128 is usual`,
  );
}
