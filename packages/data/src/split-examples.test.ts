import fc from 'fast-check';
import { expect, it } from 'vitest';
import { splitExamples } from './split-examples.ts';

const examples = (counts: readonly number[]) =>
  counts.flatMap((n, label) => Array.from({ length: n }, (_, i) => ({ label, id: `${label}-${i}` })));

it('holds the share of every class out, and nothing twice', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 4 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.maxSafeInteger(),
      (counts, share, seed) => {
        const all = examples(counts);
        const { train, heldOut } = splitExamples(all, { heldOut: share, seed });
        expect([...train, ...heldOut].map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id).sort());
        for (const [label, n] of counts.entries()) {
          const held = heldOut.filter((e) => e.label === label).length;
          expect(held).toBe(Math.min(n - 1, Math.max(1, Math.round(share * n))));
        }
      },
    ),
    { seed: 7 },
  );
});

it('is decided by the seed alone, and keeps the order of the data', () => {
  const all = examples([30, 20]);
  const { heldOut } = splitExamples(all, { seed: 3 });
  expect(splitExamples(all, { seed: 3 }).heldOut).toEqual(heldOut);
  expect(splitExamples(all, { seed: 4 }).heldOut).not.toEqual(heldOut);
  expect(heldOut).toEqual(all.filter((e) => heldOut.includes(e)));
  expect(splitExamples(all).heldOut).toHaveLength(10);
});

it('keeps what belongs together on one side', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 40, maxLength: 80 }), fc.maxSafeInteger(), (threads, seed) => {
      const mails = threads.map((thread, i) => ({ label: thread % 2, thread: String(thread), i }));
      fc.pre([0, 1].every((label) => new Set(mails.filter((m) => m.label === label).map((m) => m.thread)).size > 2));
      const { train, heldOut } = splitExamples(mails, { heldOut: 0.6, seed, groupOf: ({ thread }) => thread });
      const held = new Set(heldOut.map(({ thread }) => thread));
      expect(train.filter(({ thread }) => held.has(thread))).toEqual([]);
      expect(train.length + heldOut.length).toBe(mails.length);
      expect(heldOut.length).toBeLessThanOrEqual(0.6 * mails.length + 1);
    }),
    { seed: 7 },
  );
});

it('refuses shares that leave a side empty, and classes that do', () => {
  const all = examples([5, 1]);
  expect(() => splitExamples(all, { heldOut: 0 })).toThrow(/heldOut is 0: give the share/);
  expect(() => splitExamples(all, { heldOut: 1 })).toThrow(/heldOut is 1/);
  expect(() => splitExamples(all, { heldOut: Number.NaN })).toThrow(/heldOut is NaN/);
  expect(() => splitExamples(all, { seed: 0.5 })).toThrow(/seed is 0\.5/);
  expect(() => splitExamples(all)).toThrow(/of the class "1" nothing can be held out: it has 1 examples in 1 groups/);
  expect(() => splitExamples(examples([4]), { groupOf: () => 'one' })).toThrow(/it has 4 examples in 1 groups/);
});
