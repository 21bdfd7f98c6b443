// Codes and scales as they are reckoned one by one, however many bits, groups and ties there are.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numbers } from '../../test/models.ts';
import { storedInMemory } from '../encode-change.ts';
import { decodeNumbers, encodeNumbers } from '../numbers.ts';
import { lend } from '../room.ts';
import { encodeGroups, openGroups } from './grouped.ts';

const rounded = (value: number) => decodeNumbers(encodeNumbers(Float32Array.of(value), 'BF16'), 'BF16')[0] as number;

/** What a group comes back as, with the scale that misses least. */
function nearGroup(values: Float32Array, zero: number, clips: readonly number[]): Float32Array {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const tried = clips.map((clip) => {
    const scale = rounded((clip * largest) / zero);
    const codeOf = (value: number) =>
      scale === 0 ? Math.floor(zero) : Math.min(2 * zero, Math.max(0, Math.round(value / scale + zero)));
    const near = values.map((value) => scale * (codeOf(value) - zero));
    let missing = 0;
    for (const value of values) {
      const off = value - scale * (codeOf(value) - zero);
      missing += off * off;
    }
    return { near, missing };
  });
  return tried.reduce((best, one) => (one.missing < best.missing ? one : best)).near;
}

const forms = fc.record({
  bits: fc.integer({ min: 2, max: 8 }),
  hasZero: fc.boolean(),
  group: fc.integer({ min: 1, max: 40 }),
  clips: fc.constantFrom([1], [1, 0.85, 0.7, 0.55, 0.4]),
  rows: fc.integer({ min: 1, max: 4 }),
  columns: fc.integer({ min: 1, max: 70 }),
  /** Whole numbers, whose quotients are often in the middle between two codes, or any; as small as float32 has them. */
  steps: fc.constantFrom(0, 6, 14),
  size: fc.constantFrom(1, 2 ** -40, 2 ** -126, 2 ** -140, 2 ** 100),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

test('numbers come back as the nearest of their codes', async () => {
  await fc.assert(
    fc.asyncProperty(forms, async ({ bits, hasZero, group, clips, rows, columns, steps, size, seed }) => {
      const zero = hasZero ? 2 ** (bits - 1) - 1 : (2 ** bits - 1) / 2;
      const values = numbers(seed, rows * columns).map((v) => (steps > 0 ? Math.round(v * steps) : v) * size);
      const read = async (begin: number, end: number) => values.slice(begin * columns, end * columns);
      const form = { bits, zero, group, clips };
      const parts = await encodeGroups({ rows, columns, read }, form, '', async () => {});
      const stored = storedInMemory({ meta: {}, parts });
      const found = await openGroups(stored, { rows, columns }, form, '', lend().room)(0, rows);
      for (let row = 0; row < rows; row++) {
        for (let from = 0; from < columns; from += group) {
          const [begin, end] = [row * columns + from, row * columns + Math.min(from + group, columns)];
          expect(found.slice(begin, end)).toEqual(nearGroup(values.slice(begin, end), zero, clips));
        }
      }
    }),
    { seed: 7, numRuns: 300 },
  );
});
