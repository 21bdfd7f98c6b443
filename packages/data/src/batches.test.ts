import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createBatches } from './batches.ts';
import { epochOf } from './draw-batches.ts';
import type { TokenSequence } from './token-sequence.ts';

const sequence = (first: number, length: number): TokenSequence => {
  const ids = Int32Array.from({ length }, (_, i) => first * 100 + i);
  return { ids, labels: ids.map((id, i) => (i === 0 ? -100 : id)) };
};
const ten = Array.from({ length: 10 }, (_, i) => sequence(i, 1 + (i % 4)));

it('pads on the right and hides what it pads', () => {
  const batch = createBatches([sequence(1, 3), sequence(2, 1)], { batchSize: 2, padId: 9, shuffle: false }).get(0, 0);
  expect(batch).toEqual({
    inputIds: Int32Array.of(100, 101, 102, 200, 9, 9),
    attentionMask: Int32Array.of(1, 1, 1, 1, 0, 0),
    labels: Int32Array.of(-100, 101, 102, -100, -100, -100),
    shape: [2, 3],
  });
  const wide = createBatches([sequence(1, 3)], { batchSize: 2, padId: 0, padTo: 5 }).get(0, 0);
  expect(wide.shape).toEqual([1, 5]);
  expect([...wide.attentionMask]).toEqual([1, 1, 1, 0, 0]);
});

it('gives every sequence once in an epoch, in an order of its own', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.nat(50), fc.integer({ min: 1, max: 11 }), (seed, epoch, batchSize) => {
      const batches = createBatches(ten, { batchSize, padId: 0, seed });
      const firsts = [...epochOf(batches, epoch)].flatMap(({ inputIds, shape: [b, t] }) =>
        Array.from({ length: b }, (_, i) => inputIds[i * t]! / 100),
      );
      expect(firsts.toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }),
    { seed: 7 },
  );
});

it('gives the same batch for the same seed, epoch and index, whatever was asked before', () => {
  const options = { batchSize: 3, padId: 0, seed: 0 };
  const whole = [0, 1, 2].map((epoch) => [...epochOf(createBatches(ten, options), epoch)]);
  expect(whole[0]).toHaveLength(createBatches(ten, options).size);
  expect(createBatches(ten, options).get(2, 1)).toEqual(whole[2]![1]);
  const other = createBatches(ten, options);
  other.get(1, 3);
  expect(other.get(0, 3)).toEqual(whole[0]![3]);
  expect(whole[0]).not.toEqual(whole[1]);
  expect([...epochOf(createBatches(ten, { ...options, seed: 1 }), 0)]).not.toEqual(whole[0]);
});

it('refuses what makes no batch', () => {
  const options = { batchSize: 4, padId: 0 };
  expect(() => createBatches([], options)).toThrow(/no sequences/);
  expect(() => createBatches(ten, { ...options, batchSize: 0 })).toThrow(/batchSize is 0/);
  expect(() => createBatches(ten, { ...options, seed: 0.5 })).toThrow(/seed is 0\.5/);
  expect(() => createBatches(ten, { ...options, padTo: 3 })).toThrow(/padTo is 3, and the longest sequence has 4/);
  expect(() => createBatches(ten, options).get(0, 3)).toThrow(/batch 3 is none: an epoch has 3/);
  expect(() => createBatches(ten, options).get(-1, 0)).toThrow(/epoch -1/);
});
