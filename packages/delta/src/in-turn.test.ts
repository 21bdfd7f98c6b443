import { diskFolder } from '@peftjs/checkpoint';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../checkpoint/test/temporary-folder.ts';
import { pair } from '../test/models.ts';
import { inTurn } from './in-turn.ts';
import { modelSource } from './model-source.ts';

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
  }
});
