import { memoryFolder } from '@peftjs/checkpoint';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { model, numbers, pair, someModel } from '../test/models.ts';
import { apply, undo } from './apply.ts';
import { chain } from './chain.ts';
import { exact } from './codecs/exact.ts';
import { diff } from './diff.ts';
import { verify } from './verify.ts';

const sorted = (files: ReadonlyMap<string, Uint8Array>) => new Map([...files].sort());

async function between(from: ReturnType<typeof model>, to: ReturnType<typeof model>) {
  const delta = memoryFolder();
  await diff(from, to, delta);
  return delta;
}

async function chained(...deltas: readonly ReturnType<typeof memoryFolder>[]) {
  const out = memoryFolder();
  await chain(deltas, out);
  return out;
}

describe('chain', () => {
  it('does what its deltas do, both ways, and associates', async () => {
    await fc.assert(
      fc.asyncProperty(someModel, someModel, someModel, someModel, async (a, b, c, d) => {
        const [one, two, three, four] = [a, b, c, d].map(({ tensors, files }) => model(tensors, files)) as [
          ReturnType<typeof model>,
          ReturnType<typeof model>,
          ReturnType<typeof model>,
          ReturnType<typeof model>,
        ];
        const [x, y, z] = [await between(one, two), await between(two, three), await between(three, four)];
        const all = await chained(x, y, z);
        const [there, back] = [memoryFolder(), memoryFolder()];
        await apply(one, all, there);
        expect(sorted(there.files)).toEqual(sorted(four.files));
        await undo(four, all, back);
        expect(sorted(back.files)).toEqual(sorted(one.files));
        expect((await chained(await chained(x, y), z)).files).toEqual(all.files);
        expect((await chained(x, await chained(y, z))).files).toEqual(all.files);
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it('adds up chunks of any size', async () => {
    const { base, tuned } = pair();
    const delta = await between(base, tuned);
    const back = await between(tuned, base);
    const out = memoryFolder();
    await chain([delta, back, delta], out, { codecs: [exact({ chunkBytes: 8 })], shardBytes: 100 });
    await verify(out, { base });
  });

  it('refuses deltas that do not follow each other', async () => {
    const { base, tuned } = pair();
    const delta = await between(base, tuned);
    await expect(chained(delta, delta)).rejects.toThrow(
      /^\[peftjs\/delta\] memory gives sha256:.*, memory was made for "base" \(sha256:/,
    );
    const other = model({ w: { dtype: 'F32', shape: [2], data: numbers(1, 2) } }, { 'config.json': '1' });
    const same = memoryFolder([...other.files].filter(([name]) => name !== 'config.json'));
    const [first, second] = [await between(tuned, other), await between(same, base)];
    await expect(chained(first, second)).rejects.toThrow('was made for another file "config.json" than memory gives');
    await expect(chained()).rejects.toThrow('a chain of no deltas');
  });
});
