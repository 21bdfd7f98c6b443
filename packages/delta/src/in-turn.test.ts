import { diskFolder } from '@peftjs/checkpoint';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../checkpoint/test/temporary-folder.ts';
import { model, pair } from '../test/models.ts';
import { inTurn } from './in-turn.ts';
import { factsOf, modelSource } from './model-source.ts';
import { PIECE } from './tensor-bytes.ts';

it('gives every tensor its own bytes, in whatever order they are opened', async () => {
  const { base } = pair();
  const path = temporaryFolder();
  await diskFolder(path).replace(base.files);
  const [plain, source] = [await modelSource(path), inTurn(await modelSource(path))];
  const names = [...plain.weights.tensors.keys()];
  expect(names.length).toBeGreaterThan(2);
  for (const name of [...names, ...names.toReversed(), 'no such', ...names.slice(1), names[0] as string]) {
    const [found, expected] = [await source.open('tensors', name), await plain.open('tensors', name)];
    expect(found?.bytes).toBe(expected?.bytes);
    const { bytes = 0 } = expected ?? {};
    expect(await found?.read(0, bytes)).toEqual(await expected?.read(0, bytes));
    if (expected) expect(await factsOf(found as typeof expected)).toEqual(await factsOf(expected));
  }
});

it('gives any range of a tensor that is read in pieces', async () => {
  const data = Uint8Array.from({ length: 3 * PIECE + 5 }, (_, i) => i % 251);
  const { length } = data;
  const source = inTurn(await modelSource(model({ w: { dtype: 'U8', shape: [length], data } })));
  const found = await source.open('tensors', 'w');
  for (const [begin, end] of [
    [0, 10],
    [10, PIECE],
    [PIECE - 1, PIECE + 1],
    [5, 9],
    [9, 2 * PIECE + 9],
    [length - 3, length],
  ] as const)
    expect(Buffer.compare((await found?.read(begin, end)) as Uint8Array, data.subarray(begin, end))).toBe(0);
});
