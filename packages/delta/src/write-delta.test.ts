import { memoryFolder } from '@peftjs/checkpoint';
import { expect, it } from 'vitest';
import { writeDelta } from './write-delta.ts';

it('begins with tensors in their order, however long one of the pauses is', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const begun: string[] = [];
  let pauses = 0;
  const pause = async () => {
    if (pauses++ === 1) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const facts = { dtype: 'U8' as const, shape: [1], sha256: '0'.repeat(64) };
  const side = { name: 'model', metadata: {} };
  await writeDelta(
    memoryFolder(),
    {
      keys: names.map((name) => ({ section: 'tensors', name, bytes: 1 })),
      base: side,
      tuned: side,
      story: () => ({}),
      pause,
      async make({ name }) {
        begun.push(name);
        return { before: facts, after: facts, changes: {} };
      },
      atOnce: 3,
    },
    {},
  );
  expect(begun).toEqual(names);
});
