import { memoryFolder } from '@peftjs/checkpoint';
import { describe, expect, it } from 'vitest';
import { model, numbers, pair, type Tensors } from '../test/models.ts';
import { apply } from './apply.ts';
import { byName } from './by-name.ts';
import type { Codec } from './codec.ts';
import { int4, int8 } from './codecs/integers.ts';
import { lowRank } from './codecs/low-rank.ts';
import { sign } from './codecs/sign.ts';
import { diff } from './diff.ts';
import { fitCodecs } from './fit-codecs.ts';
import type { Goal } from './least-loss.ts';
import { type Candidate, leastLoss } from './least-loss.ts';

const candidates: readonly Codec[] = [sign(), int4(), int8(), lowRank({ rank: 2 }), lowRank({ rank: 8 })];

const [O, I] = [64, 96];
const of = (share: number): Tensors =>
  Object.fromEntries(
    ['a', 'b', 'c', 'd'].map((name, k) => {
      const [from, to] = [numbers(k + 1, O * I), numbers(k + 9, O * I)];
      const data = from.map((v, at) => v + share * 0.1 ** k * (to[at] as number));
      return [`${name}.weight`, { dtype: 'F16', shape: [O, I], data }];
    }),
  );
const [base, tuned] = [model(of(0)), model(of(0.1))];

async function fitted(goal: Goal) {
  const delta = memoryFolder();
  const codec = await fitCodecs(base, tuned, goal, { candidates });
  const { manifest } = await diff(base, tuned, delta, { codec });
  const bytes = [...delta.files.values()].reduce((sum, { length }) => sum + length, 0);
  await apply(base, delta, memoryFolder(), { codecs: candidates });
  return { bytes, errors: [...manifest.tensors.values()].map(({ payloads }) => payloads.change?.error ?? 1) };
}

describe('fitCodecs', () => {
  it('keeps within the bytes, and loses less where there are more of them', async () => {
    const runs = [];
    for (const bytes of [26_000, 32_000, 40_000, 200_000]) runs.push({ most: bytes, ...(await fitted({ bytes })) });
    for (const { most, bytes } of runs) expect(bytes).toBeLessThanOrEqual(most);
    const first = runs.map(({ errors }) => errors[0] as number);
    expect(first).toEqual([...first].sort((x, y) => y - x));
    expect(first.at(-1)).toBe(0);
  });

  it('keeps a share of the energy, in few bytes', async () => {
    const [half, most] = [await fitted({ energy: 0.5 }), await fitted({ energy: 0.9999 })];
    // Nearly all of the energy is the first tensor's.
    expect(1 - half.errors[0]! ** 2).toBeGreaterThan(0.5);
    expect(1 - most.errors[0]! ** 2).toBeGreaterThan(0.9998);
    expect(half.bytes).toBeLessThan(most.bytes);
  });

  it('counts what is stored whole, and files', async () => {
    const two = pair();
    const goal = { bytes: 1e6 };
    const codec = await fitCodecs(two.base, two.tuned, goal, { candidates });
    const { manifest } = await diff(two.base, two.tuned, memoryFolder(), { codec });
    expect(manifest.original).toBe(manifest.tuned.fingerprint);
  });

  it('encodes nothing that its size rules out, and corrects nothing that another does better than', async () => {
    const encoded: string[] = [];
    const corrected: string[] = [];
    const watched = (codec: Codec, name: string): Codec => ({
      ...codec,
      encode(change, pause) {
        encoded.push(name);
        return codec.encode(change, pause);
      },
      thereAndBack(stored, bytes, tensor, show) {
        corrected.push(name);
        return codec.thereAndBack!(stored, bytes, tensor, show);
      },
    });
    const all = [watched(int8(), 'good'), watched(lowRank({ rank: 30 }), 'bad'), watched(int8({ group: 1 }), 'large')];
    await fitCodecs(base, tuned, { bytes: 1e6 }, { candidates: all });
    expect(new Set(encoded)).toEqual(new Set(['good', 'bad']));
    expect(new Set(corrected)).toEqual(new Set(['good']));
  });

  it('says what the least is, and refuses what is no goal', async () => {
    await expect(fitCodecs(base, tuned, { bytes: 100 }, { candidates })).rejects.toThrow(
      /^\[peftjs\/delta\] the smallest candidates take \d+ bytes, more than 100; give more bytes, or smaller candidates, or leave out what only undo needs$/,
    );
    await expect(fitCodecs(base, tuned, { bytes: 100 }, { candidates, reversible: false })).rejects.toThrow(
      /give more bytes, or smaller candidates$/,
    );
    await expect(fitCodecs(base, tuned, { energy: 2 }, { candidates })).rejects.toThrow('energy is 2; give a share');
    await expect(fitCodecs(base, tuned, { bytes: 0 }, { candidates })).rejects.toThrow('bytes is 0');
  });

  it('takes no step that a later one does better than', () => {
    const one = (value: string, bytes: number, missing: number): Candidate<string> => {
      return { value, bytes, missing, energy: 10 };
    };
    const options = new Map([
      ['x', [one('none', 1, 10), one('bad', 5, 9), one('good', 6, 1)]],
      ['y', [one('none', 1, 8), one('good', 5, 5)]],
    ]);
    expect([...leastLoss(options, { bytes: 7 }, 0, '')]).toEqual([
      ['x', 'good'],
      ['y', 'none'],
    ]);
    expect([...leastLoss(options, { bytes: 11 }, 0, '')]).toEqual([
      ['x', 'good'],
      ['y', 'good'],
    ]);
    expect([...leastLoss(options, { energy: 0.5 }, 0, '')]).toEqual([
      ['x', 'good'],
      ['y', 'none'],
    ]);
  });
});

describe('byName', () => {
  it('takes the first pattern that is found', async () => {
    const codec = byName(
      [
        [/^a/, sign()],
        [/a|b/g, int4()],
      ],
      int8(),
    );
    const { manifest } = await diff(base, tuned, memoryFolder(), { codec });
    expect([...manifest.tensors.values()].map(({ payloads }) => payloads.change?.codec)).toEqual([
      'sign',
      'int4',
      'int8',
      'int8',
    ]);
  });
});
