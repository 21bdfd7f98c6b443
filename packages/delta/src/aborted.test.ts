import type { Folder } from '@peftjs/checkpoint';
import { memoryFolder } from '@peftjs/checkpoint';
import { expect, it } from 'vitest';
import { model, numbers } from '../test/models.ts';
import { exact } from './codecs/exact.ts';
import { diff } from './diff.ts';

/** Tells of every read. */
function heard({ files: _, ...folder }: ReturnType<typeof model>, onRead: () => void): Folder {
  return {
    ...folder,
    async open(name) {
      const source = await folder.open(name);
      if (source === null) return null;
      return {
        ...source,
        read(...range) {
          onRead();
          return source.read(...range);
        },
      };
    },
  };
}

it('ends when it is told to, and leaves nothing under way', async () => {
  const tensors = (seed: number) =>
    Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((name, k) => [
        name,
        { dtype: 'F32' as const, shape: [2 ** 18], data: numbers(seed + k, 2 ** 18) },
      ]),
    );
  const controller = new AbortController();
  let reads = 0;
  const tuned = heard(model(tensors(9)), () => {
    reads++;
    if (reads === 6) controller.abort(new Error('enough'));
  });
  const out = memoryFolder();
  const codec = exact({ chunkBytes: 2 ** 14 });
  const running = diff(model(tensors(1)), tuned, out, { codec, signal: controller.signal });
  await expect(running).rejects.toThrow('enough');
  expect(reads).toBeGreaterThanOrEqual(6);
  const then = reads;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(reads).toBe(then);
  expect(await out.list()).toEqual([]);
});
