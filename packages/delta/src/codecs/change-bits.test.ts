import type { Dtype } from '@peftjs/safetensors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numbers } from '../../test/models.ts';
import { encodeNumbers as toDtype } from '../numbers.ts';
import { decodeNumbers, encodeNumbers } from './ans.ts';
import { decodeBits, encodeBits, undoBits } from './change-bits.ts';
import { formOf, type NumberForm } from './ordered-bits.ts';

const DTYPES: readonly Dtype[] = ['I16', 'F16', 'BF16', 'F32', 'F64'];

/** Any bytes, which are any numbers: zeros of both signs, subnormal ones, infinities, NaN. */
const someBytes = fc.uint8Array({ minLength: 2400, maxLength: 2400 });

/** Faster than `toEqual` by far. */
function expectSame(found: Uint8Array, wanted: Uint8Array): void {
  expect(Buffer.compare(found, wanted)).toBe(0);
}

function encoded(...change: Parameters<typeof encodeBits>) {
  const { bits, octaves } = encodeBits(...change);
  return { bits, octaves: octaves() };
}

test('any bytes become any others, and come back', () => {
  fc.assert(
    fc.property(someBytes, someBytes, fc.constantFrom(...DTYPES), (base, tuned, dtype) => {
      const form = formOf(dtype) as NumberForm;
      const coded = encoded(base, tuned, form);
      expectSame(decodeBits(coded.bits, base, form), tuned);
      expectSame(undoBits(coded, tuned, form), base);
    }),
    { numRuns: 40, seed: 1 },
  );
});

const weights = numbers(1, 20_000).map((v) => 0.05 * v);
const changed = (share: number) => {
  const changes = numbers(2, weights.length);
  const picked = numbers(3, weights.length);
  return weights.map((v, i) => v + ((picked[i] as number) < 2 * share - 1 ? 1e-3 * (changes[i] as number) : 0));
};

/** Bits that the differences of the numbers' integers take by a code that has a table of all of them, and does not see the base. */
function entropyOf(base: Uint8Array, tuned: Uint8Array, form: NumberForm): number {
  const orderedOf = (bytes: Uint8Array) =>
    new Int16Array(bytes.slice().buffer).map((word) => word ^ ((word >> 31) & form.below));
  const [from, to] = [orderedOf(base), orderedOf(tuned)];
  const counts = new Map<number, number>();
  for (const [i, value] of to.entries()) {
    const change = value - (from[i] as number);
    counts.set(change, (counts.get(change) ?? 0) + 1);
  }
  return [...counts.values()].reduce((sum, count) => sum + count * Math.log2(to.length / count), 0);
}

test.each(['F16', 'BF16'] as const)('a change of %s takes fewer bits, since the base tells its size', (dtype) => {
  const form = formOf(dtype) as NumberForm;
  const [base, tuned] = [weights, changed(1)].map((values) => toDtype(values, dtype)) as [Uint8Array, Uint8Array];
  const { bits, octaves } = encoded(base, tuned, form);
  expectSame(decodeBits(bits, base, form), tuned);
  expectSame(undoBits({ bits, octaves }, tuned, form), base);
  expect(8 * bits.length).toBeLessThan(0.95 * entropyOf(base, tuned, form));
  expect(octaves.length).toBeLessThan(bits.length / 10);
});

test('what has not changed takes next to nothing', () => {
  const form = formOf('BF16') as NumberForm;
  const [base, tuned] = [weights, changed(0.01)].map((values) => toDtype(values, 'BF16')) as [Uint8Array, Uint8Array];
  expect(encodeBits(base, base, form).bits.length).toBeLessThan(100);
  expect(encodeBits(base, tuned, form).bits.length).toBeLessThan(base.length / 50);
});

test('damaged chunks are refused or give other numbers: no other error, and no end that does not come', () => {
  const form = formOf('F16') as NumberForm;
  const [base, tuned] = [weights.slice(0, 1500), changed(1).slice(0, 1500)].map((v) => toDtype(v, 'F16')) as [
    Uint8Array,
    Uint8Array,
  ];
  const coded = encoded(base, tuned, form);
  const damage = fc.record({ at: fc.nat(), to: fc.integer({ min: 1, max: 255 }), cut: fc.nat(), which: fc.boolean() });
  let refused = 0;
  fc.assert(
    fc.property(damage, ({ at, to, cut, which }) => {
      const damaged = (bytes: Uint8Array) => {
        const out = bytes.slice(0, bytes.length - (cut % 3 === 0 ? cut % bytes.length : 0));
        // Headers are where it matters, and short.
        if (out.length > 0) out[(at % 2 === 0 ? at : at % 200) % out.length]! ^= to;
        return out;
      };
      const { bits, octaves } = coded;
      const other = which ? { bits: damaged(bits), octaves } : { bits, octaves: damaged(octaves) };
      try {
        expect(undoBits(other, tuned, form).length).toBe(base.length);
        expect(decodeBits(other.bits, base, form).length).toBe(base.length);
      } catch (error) {
        refused += 1;
        expect((error as Error).name, (error as Error).stack).toBe('DeltaError');
      }
    }),
    { numRuns: 1000, seed: 1 },
  );
  expect(refused).toBeGreaterThan(250);
});

test('numbers that are cut anywhere are refused', () => {
  const values = Uint32Array.from(numbers(5, 300), (v) => Math.floor(2 ** 31 * (v + 1)) >>> Math.floor(16 * (v + 1)));
  const contexts = Uint8Array.from(values, (_, i) => i % 3);
  const coded = encodeNumbers(values, contexts);
  expect(decodeNumbers(coded, contexts)).toEqual(values);
  for (let length = 0; length < coded.length; length++)
    expect(() => decodeNumbers(coded.subarray(0, length), contexts)).toThrow('[peftjs/delta] ');
  expect(() => decodeNumbers(Uint8Array.of(...coded, 0, 0), contexts)).toThrow('do not end where their bytes do');
});
