import { random } from '@peftjs/backend';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agree, drop, sum, trim } from './mix.ts';

const f64 = (...values: number[]) => Float64Array.from(values);
const vector = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 12 }).map((v) => f64(...v));
const density = fc.double({ min: 0.05, max: 1, noNaN: true });

describe('trim', () => {
  test('keeps the largest, and of equal ones the first', () => {
    expect([...trim(f64(1, -3, 2, 0, -2, 2), 0.5)]).toEqual([0, -3, 2, 0, -2, 0]);
    expect([...trim(f64(1, 1, 1), 0.34)]).toEqual([1, 0, 0]);
    expect([...trim(f64(1, 2), 0.4)]).toEqual([0, 0]);
    expect([...trim(f64(5, 0, 0), 1)]).toEqual([5, 0, 0]);
  });

  test('as many as the density says, none smaller than one that is left out', () => {
    fc.assert(
      fc.property(vector, density, (change, share) => {
        const kept = trim(change, share);
        const out = change.filter((_, i) => kept[i] === 0);
        const least = Math.min(...kept.filter((v) => v !== 0).map(Math.abs));
        expect(out.every((v) => Math.abs(v) <= least)).toBe(true);
        expect(kept.every((v, i) => v === 0 || v === change[i])).toBe(true);
        const zeros = change.filter((v) => v === 0).length;
        const count = Math.floor(share * change.length);
        expect(kept.filter((v) => v !== 0).length).toBe(Math.min(count, change.length - zeros));
      }),
      { seed: 3 },
    );
  });
});

describe('agree', () => {
  test.each([
    ['total', [[3], [-1], [-1]], 3],
    ['frequency', [[3], [-1], [-2]], -1.5],
    ['total', [[1], [-1]], 1],
    ['total', [[0], [-2], [-4]], -3],
    ['frequency', [[0], [0]], 0],
  ] as const)('by %s of %j', (election, columns, mean) => {
    expect([
      ...agree(
        columns.map((c) => f64(...c)),
        election,
      ),
    ]).toEqual([mean]);
  });

  test('what has one sign everywhere gives the mean', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 4 }), fc.constantFrom(1, -1), (rows, sign) => {
        const changes = rows.map((row) => f64(...row.map((v) => sign * v)));
        const mean = sum(changes).map((v) => v / changes.length);
        for (const election of ['total', 'frequency'] as const) expect(agree(changes, election)).toEqual(mean);
      }),
      { seed: 4 },
    );
  });
});

test('drop keeps on average what there was, of the numbers the share, each larger for it', () => {
  const n = 20_000;
  const ones = new Float64Array(n).fill(1);
  for (const share of [0.1, 0.5, 0.9]) {
    const out = drop(ones, share, random(3));
    expect(new Set(out)).toEqual(new Set([0, 1 / share]));
    const mean = out.reduce((s, v) => s + v, 0) / n;
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt((1 - share) / share / n));
  }
  expect(drop(ones, 1, random(3))).toEqual(ones);
});
