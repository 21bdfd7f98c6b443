import { memoryFolder } from '@peftjs/checkpoint';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { model, numbers, pair, someModel } from '../test/models.ts';
import { apply, undo } from './apply.ts';
import { byName } from './by-name.ts';
import { chain } from './chain.ts';
import type { Codec } from './codec.ts';
import { exact } from './codecs/exact.ts';
import { int4, int8 } from './codecs/integers.ts';
import { lowRank } from './codecs/low-rank.ts';
import { sign } from './codecs/sign.ts';
import { type CodecChoice, diff } from './diff.ts';
import { inspect } from './inspect.ts';
import { openDelta } from './open-delta.ts';
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
        const inAll = [
          await chained(x, y, z),
          await chained(await chained(x, y), z),
          await chained(x, await chained(y, z)),
        ];
        for (const all of inAll) {
          const [there, back] = [memoryFolder(), memoryFolder()];
          await apply(one, all, there);
          expect(sorted(there.files)).toEqual(sorted(four.files));
          await undo(four, all, back);
          expect(sorted(back.files)).toEqual(sorted(one.files));
        }
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  it('is, with the base, the difference between its ends', async () => {
    await fc.assert(
      fc.asyncProperty(someModel, someModel, someModel, async (a, b, c) => {
        const [one, two, three] = [a, b, c].map(({ tensors, files }) => model(tensors, files, 'one')) as [
          ReturnType<typeof model>,
          ReturnType<typeof model>,
          ReturnType<typeof model>,
        ];
        const deltas = [await between(one, two), await between(two, three)];
        const [out, wanted] = [memoryFolder(), await between(one, three)];
        await chain(deltas, out, { base: one });
        expect(out.files.get('delta.json')).toEqual(wanted.files.get('delta.json'));
        expect(out.files.get('delta.safetensors')).toEqual(wanted.files.get('delta.safetensors'));
      }),
      { numRuns: 12, seed: 2 },
    );
  });

  it('refuses another base, and another file beside it', async () => {
    const { base, tuned } = pair();
    const deltas = [await between(base, tuned), await between(tuned, base)];
    const known = [{ name: 'the right one', fingerprint: (await openDelta(deltas[0]!)).manifest.base.fingerprint }];
    await expect(chain(deltas, memoryFolder(), { base: tuned, known })).rejects.toThrow(
      /was made for "base" \(sha256:\w+\), tuned has sha256:\w+: .* known here as "the right one"/,
    );
    const edited = memoryFolder([...base.files, ['config.json', new Uint8Array(3)]], 'edited');
    const out = memoryFolder();
    await expect(chain(deltas.slice(0, 1), out, { base: edited })).rejects.toThrow(/file "config.json"/);
    expect(out.files.size).toBe(0);
  });

  it('joins chunks of any size', async () => {
    const { base, tuned } = pair();
    const delta = memoryFolder();
    await diff(base, tuned, delta, { codec: exact({ chunkBytes: 8 }) });
    const back = await between(tuned, base);
    const [out, there] = [memoryFolder(), memoryFolder()];
    await chain([delta, back, delta], out, { shardBytes: 100 });
    await verify(out, { base });
    await undo(tuned, out, there);
    expect(sorted(there.files)).toEqual(sorted(base.files));
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

const CODECS: readonly Codec[] = [sign(), int4(), int8(), lowRank({ rank: 2 })];

/** Models of two matrices, one grown at the end, each applied from a delta by other codecs on the one before it. */
async function lossyPath() {
  const side = (seed: number, rows: number) =>
    model({
      a: { dtype: 'F16', shape: [12, 9], data: numbers(seed, 108) },
      b: { dtype: 'BF16', shape: [rows, 6], data: numbers(seed + 9, rows * 6) },
      norm: { dtype: 'F32', shape: [9], data: numbers(seed + 20, 9) },
    });
  const models = [side(1, 7)];
  const deltas: ReturnType<typeof memoryFolder>[] = [];
  const steps: readonly (readonly [ReturnType<typeof model>, Codec | CodecChoice])[] = [
    [side(2, 7), byName([[/a/, sign()]], int4())],
    [side(3, 7), exact()],
    [side(4, 7), exact()],
    [side(5, 8), int8()],
    [side(6, 8), byName([[/a/, lowRank({ rank: 2 })]], sign())],
  ];
  for (const [tuned, codec] of steps) {
    const [delta, applied] = [memoryFolder(), memoryFolder()];
    await diff(models.at(-1)!, tuned, delta, { codec });
    await apply(models.at(-1)!, delta, applied, { codecs: CODECS });
    deltas.push(delta);
    models.push(applied);
  }
  return { models, deltas };
}

describe('a chain of lossy deltas', () => {
  const joined = async (deltas: readonly ReturnType<typeof memoryFolder>[]) => {
    const out = memoryFolder();
    await chain(deltas, out, { codecs: CODECS });
    return out;
  };

  it('gives bit for bit what its deltas give, and the base, and associates', async () => {
    const { models, deltas } = await lossyPath();
    for (let from = 0; from < deltas.length; from++) {
      for (let to = from + 1; to <= deltas.length; to++) {
        const all = await joined(deltas.slice(from, to));
        const [there, back] = [memoryFolder(), memoryFolder()];
        await verify(all, { base: models[from]!, codecs: CODECS });
        await apply(models[from]!, all, there, { codecs: CODECS });
        expect(sorted(there.files)).toEqual(sorted(models[to]!.files));
        expect((await inspect(all)).reversible).toBe(true);
        await undo(there, all, back, { codecs: CODECS });
        expect(sorted(back.files)).toEqual(sorted(models[from]!.files));
      }
    }
    const all = await joined(deltas);
    for (let at = 1; at < deltas.length; at++) {
      const halves = [await joined(deltas.slice(0, at)), await joined(deltas.slice(at))];
      expect((await joined(halves)).files).toEqual(all.files);
    }
    const middle = await joined(deltas.slice(1, 4));
    expect((await joined([deltas[0]!, middle, deltas[4]!])).files).toEqual(all.files);
  });

  it('keeps one that is alone as it is, and counts the bytes of its deltas otherwise', async () => {
    const { deltas } = await lossyPath();
    const codecOf = async (some: typeof deltas, name: string) => {
      const { manifest } = await openDelta(await joined(some));
      return manifest.tensors.get(name)?.payloads.change;
    };
    expect(await codecOf(deltas.slice(0, 1), 'a')).toEqual(
      (await openDelta(deltas[0]!)).manifest.tensors.get('a')?.payloads.change,
    );
    const both = await codecOf(deltas.slice(0, 3), 'a');
    expect(both?.meta.steps).toHaveLength(3);
    const sizes = await Promise.all([...deltas.slice(0, 3), await joined(deltas.slice(0, 3))].map((d) => inspect(d)));
    expect(sizes[3]!.bytes).toBeLessThan(sizes[0]!.bytes + sizes[1]!.bytes + sizes[2]!.bytes);
  });

  it('is with the base what takes fewer bytes, tensor by tensor', async () => {
    const { models, deltas } = await lossyPath();
    const [plain, small, there] = [await joined(deltas.slice(0, 3)), memoryFolder(), memoryFolder()];
    await chain(deltas.slice(0, 3), small, { codecs: CODECS, base: models[0]! });
    await apply(models[0]!, small, there, { codecs: CODECS });
    expect(sorted(there.files)).toEqual(sorted(models[3]!.files));
    const lossy = memoryFolder();
    await chain(deltas.slice(0, 1), lossy, { codecs: CODECS, base: models[0]! });
    const { manifest } = await openDelta(lossy);
    expect(manifest.tensors.get('a')?.payloads.change?.codec).toBe('sign');
    const sizes = await Promise.all([small, plain].map(async (one) => (await inspect(one)).bytes));
    expect(sizes[0]).toBeLessThan(sizes[1]!);
  });

  it('refuses what cannot be undone, and what has no codec', async () => {
    const { models, deltas } = await lossyPath();
    const oneWay = memoryFolder([], 'd');
    await diff(models[0]!, models[5]!, oneWay, { codec: sign(), reversible: false });
    await expect(joined([oneWay])).rejects.toThrow(
      'd: tensor "a" cannot be undone, since the delta was made without what undoing "sign" takes',
    );
    const [whole, there, back] = [memoryFolder(), memoryFolder(), memoryFolder()];
    await chain([oneWay], whole, { codecs: CODECS, base: models[0]! });
    await apply(models[0]!, oneWay, there, { codecs: CODECS });
    await undo(there, whole, back);
    expect(sorted(back.files)).toEqual(sorted(models[0]!.files));
    const all = await joined(deltas.slice(0, 2));
    await expect(apply(models[0]!, all, memoryFolder(), { codecs: [sign()] })).rejects.toThrow(
      'tensor "b" was stored by the codec "int4", which is not among those given (exact, sign)',
    );
  });
});
