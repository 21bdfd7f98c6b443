// Whole numbers of 8 or 4 bits in groups of a row, each with its scale, the largest number of the group at the end.

import type { Codec } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { additive } from './additive.ts';
import { encodeGroups, type GroupForm, groupsSize, openGroups } from './grouped.ts';
import { isCount } from './is-count.ts';

export interface IntegersOptions {
  /** Numbers of a row that share a scale. */
  readonly group?: number;
}

function integers(bits: number, group: number): Codec {
  if (!isCount(group)) throw new DeltaError(`group is ${group}; give a whole number above 0`);
  const formOf = (size: number): GroupForm => ({ bits, zero: 2 ** (bits - 1) - 1, group: size, clips: [1] });
  const id = `int${bits}`;
  return additive({
    id,
    size: (shape) => groupsSize(shape, formOf(group)),
    async encode(change, pause) {
      return { meta: { group }, parts: await encodeGroups(change, formOf(group), '', pause) };
    },
    async open(stored, shape, room) {
      const size = stored.meta.group;
      if (!isCount(size)) throw new DeltaError(`group is ${JSON.stringify(size)}; expected a whole number above 0`);
      return openGroups(stored, shape, formOf(size), '', room);
    },
  });
}

/** 8 bits for each number, and a scale for 128 of them when left out. */
export function int8({ group = 128 }: IntegersOptions = {}): Codec {
  return integers(8, group);
}

/** 4 bits for each number, and a scale for 64 of them when left out. */
export function int4({ group = 64 }: IntegersOptions = {}): Codec {
  return integers(4, group);
}
