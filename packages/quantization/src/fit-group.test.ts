// The nearest level, found by a count of bounds, at bounds and at their neighbors in float32.
import { type GroupedForm, levelOrder } from '@peftjs/backend';
import { expect, it } from 'vitest';
import { fitterOf } from './fit-group.ts';
import { fp4Packing, nf4Packing } from './four-bit.ts';
import { int8Packing } from './integers.ts';

const GROUP = 64;
const TABLES: Readonly<Record<string, Float32Array>> = {
  nf4: nf4Packing().form.levels as Float32Array,
  fp4: fp4Packing().form.levels as Float32Array,
  'levels very near each other': Float32Array.from({ length: 16 }, (_, k) => (k < 8 ? -1 + k * 1e-3 : k / 15)),
  'levels that are the same': Float32Array.from({ length: 16 }, (_, k) => (k < 4 ? -1 : k < 12 ? 0.25 : k / 15)),
};

it.each(Object.entries(TABLES))('finds the level of %s', (_, levels) => {
  const { codes, bounds } = levelOrder(levels);
  const numbers = [...bounds, ...levels, ...Float32Array.from({ length: 200 }, (_, k) => Math.sin(k * 97.3))];
  for (const x of numbers.flatMap(neighbors).filter((x) => Math.abs(x) <= 1)) {
    const expected = codes[bounds.filter((bound) => bound < x).length];
    expect(codesOf({ ...nf4Packing().form, levels }, [1, x])[1], `${x}`).toBe(expected);
  }
});

it('rounds to whole numbers, halves to even ones', () => {
  const numbers = [127, 0.5, 1.5, -0.5, -1.5, 2.5, 126.5, -126.5, -127, 0, -0, 0.49999997];
  const codes = codesOf(int8Packing().form, numbers);
  expect([...new Int8Array(codes.buffer).subarray(0, numbers.length)]).toEqual([
    ...[127, 0, 2, 0, -2, 2, 126, -126, -127, 0, 0, 0],
  ]);
});

function codesOf(form: GroupedForm, numbers: readonly number[]): Uint8Array {
  const group = { scale: 0, offset: 0, codes: new Uint8Array(GROUP) };
  expect(fitterOf(form, group)(Float32Array.from(numbers), 0, numbers.length)).toBe(-1);
  return group.codes;
}

/** A number, the one below, the one above. */
function neighbors(x: number): readonly number[] {
  const step = 2 ** (Math.floor(Math.log2(Math.abs(x) || 1e-30)) - 23);
  return [x, x - step, x + step].map(Math.fround);
}
