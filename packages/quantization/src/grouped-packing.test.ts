import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fp4Packing, nf4Packing } from './four-bit.ts';
import type { GroupedPacking } from './grouped-packing.ts';
import { int4Packing, int8Packing } from './integers.ts';

function coded(packing: GroupedPacking, values: Float32Array, inDim: number) {
  const encoder = packing.encoder(values.length / inDim, inDim);
  expect(encoder.encode(values, 0)).toBe(-1);
  const arrays = encoder.finish();
  const read = new Float32Array(values.length);
  for (let at = 0; at < read.length; at += inDim) packing.decode(arrays, at / inDim, read.subarray(at, at + inDim));
  return { arrays, read };
}

const largest = (x: Float32Array) => x.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
const range = (x: Float32Array) => Math.max(...x) - Math.min(...x);

/** Packings of groups of 32, and what half of the widest gap between their levels is, for a group. */
const PACKINGS: Readonly<Record<string, readonly [GroupedPacking, (x: Float32Array) => number]>> = {
  nf4: [nf4Packing({ block: 32 }), (x) => ((1 - 0.6961928009986877) / 2) * largest(x)],
  fp4: [fp4Packing({ block: 32 }), (x) => largest(x) / 6],
  // The last level is missing on the side that the largest number is not on.
  int4: [int4Packing({ group: 32 }), (x) => largest(x) / 8],
  'int4, asymmetric': [int4Packing({ group: 32, asymmetric: true }), (x) => range(x) / 30],
  int8: [int8Packing({ group: 32 }), (x) => largest(x) / 254],
};

const numbers = (count: number) =>
  fc
    .array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: count, maxLength: count })
    .map((x) => Float32Array.from(x, (v) => (Math.abs(v) < 1e-30 ? 0 : v)));

describe.each(Object.entries(PACKINGS))('%s', (_, [packing, bound]) => {
  it('errs by half the widest gap of its levels, and keeps the order of numbers', () => {
    fc.assert(
      fc.property(numbers(32), (x) => {
        const { read } = coded(packing, x, 32);
        const slack = 1e-6 * largest(x);
        for (const [i, v] of x.entries()) {
          expect(Math.abs(v - (read[i] as number))).toBeLessThanOrEqual(bound(x) + slack);
        }
        const sorted = [...x.keys()].sort((a, b) => (x[a] as number) - (x[b] as number));
        for (const [k, i] of sorted.entries())
          if (k > 0) expect(read[i] as number).toBeGreaterThanOrEqual(read[sorted[k - 1] as number] as number);
      }),
    );
  });

  it('reads the same again from codes of what it reads', () => {
    // A scale divided by no power of two and multiplied again may differ in its last bit.
    const { share, multiples } = packing.form.fit;
    const exact = Number.isInteger(Math.log2(Math.abs(share))) && multiples === undefined;
    fc.assert(
      fc.property(numbers(40), (x) => {
        const first = coded(packing, x, 40);
        const again = coded(packing, first.read, 40);
        const slack = exact ? 0 : 1e-6 * largest(x);
        for (const [i, v] of first.read.entries()) {
          expect(Math.abs(v - (again.read[i] as number))).toBeLessThanOrEqual(slack);
        }
      }),
    );
  });

  it('gives each row the codes that it has alone, the last group as long as there are numbers', () => {
    fc.assert(
      fc.property(numbers(3 * 70), (x) => {
        const { read } = coded(packing, x, 70);
        for (let row = 0; row < 3; row++) {
          const [at, padded] = [row * 70, new Float32Array(96)];
          // Numbers that a group has already change neither its size nor its range.
          padded.fill(x[at + 64] as number).set(x.subarray(at, at + 70));
          expect([...read.subarray(at, at + 70)]).toEqual([...coded(packing, padded, 96).read.subarray(0, 70)]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps zeros, one number alone, and numbers all the same', () => {
    const sparse = new Float32Array(64);
    sparse[40] = -3;
    for (const x of [new Float32Array(64), sparse, new Float32Array(64).fill(-0.375)]) {
      const { read } = coded(packing, x, 64);
      const near = (v: number, k: number) => Math.abs(v - (x[k] as number)) <= 1e-6;
      expect(read.every(near)).toBe(true);
    }
  });

  it('makes zero or something as small of numbers below the smallest normal one', () => {
    for (const size of [1e-45, 1e-40, 1e-38]) {
      const { read } = coded(packing, new Float32Array(32).fill(size), 32);
      expect(read.every((v) => Math.abs(v) <= 1.2e-38)).toBe(true);
    }
  });

  it('says which number has no code', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const x = new Float32Array(128);
      x[70] = bad;
      expect(packing.encoder(2, 64).encode(x, 0)).toBe(70);
    }
  });
});

it('refuses a range that float32 does not have', () => {
  const x = new Float32Array(64);
  x.set([3e38, -3e38], 32);
  expect(int4Packing({ group: 32, asymmetric: true }).encoder(1, 64).encode(x, 0)).toBe(32);
});

it('begins every row with a group of its own, and fills up the last one', () => {
  const of = (packing: GroupedPacking) => packing.arrays(3, 100);
  expect(of(nf4Packing())).toMatchObject({ codes: { shape: [3, 16] }, scales: { shape: [3, 2] } });
  expect(of(int8Packing())).toMatchObject({ codes: { shape: [3, 32] }, scales: { shape: [3, 1] } });
  expect(of(int4Packing({ group: 32, asymmetric: true }))).toMatchObject({
    codes: { shape: [3, 16] },
    scales: { shape: [3, 4] },
    offsets: { shape: [3, 4] },
  });
});

it('refuses groups that are no whole number of vectors', () => {
  expect(() => int4Packing({ group: 48 })).toThrow('int4 takes groups of a multiple of 32, found 48');
  const options = { inputs: 4 } as unknown as { inputs: 8 };
  expect(() => int8Packing(options)).toThrow('int8 rounds inputs to 8 bits, found 4; leave it out for float32');
  expect(() => int8Packing({ group: 0 })).toThrow('int8 takes groups of a multiple of 32, found 0');
});
