import { expect, it, vi } from 'vitest';
import { bundled } from '../../../../scripts/bundled.mjs';
import { numbers } from '../../test/models.ts';
import { bytesOf, form, present, watched } from '../../test/present-crew.ts';
import { encodeChunk, undoChunk } from '../codecs/exact-tasks.ts';
import { findFactors, multiplyRows } from '../codecs/low-rank-tasks.ts';
import { DeltaError } from '../delta-error.ts';
import { bytesIn } from '../numbers.ts';
import { createCrew } from './crew.ts';
import { HAND } from './hand.gen.ts';
import { type HandEvents, startHand } from './start-hand.ts';
import type { Outputs, Task } from './task.ts';

/** Long arrays are compared much faster so. */
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

it('has the script of what it does', async () => {
  expect(await bundled(new URL('./hand.ts', import.meta.url), 'hand'), 'run `pnpm generate` in packages/delta').toBe(
    HAND,
  );
});

it.each([0, 1, 3])('gives the same with %i workers, whoever does it', async (hands) => {
  const crew = await present(hands);
  const { task, local } = watched(encodeChunk);
  const seeds = Array.from({ length: 12 }, (_, k) => k + 1);
  const memory = new Uint8Array(2 ** 17);
  const coded = await Promise.all(
    seeds.map((seed) => {
      memory.set(bytesOf(seed));
      const running = crew.run(task, [bytesOf(seed + 1), memory], { form, forward: false });
      if (hands > 0) memory.fill(0);
      return running;
    }),
  );
  expect(local.count).toBe(hands === 0 ? 12 : 12 - Math.min(12, 2 * hands));
  for (const [k, seed] of seeds.entries()) {
    const inputs = [bytesOf(seed + 1), bytesOf(seed)];
    const expected = encodeChunk.run(inputs, { form, forward: false }, async () => {}) as Outputs;
    expect(coded[k]?.map(text)).toEqual(expected.map(text));
    const back = await crew.run(undoChunk, [...(coded[k] ?? []), bytesOf(seed)], form);
    expect(back.map(text)).toEqual([text(bytesOf(seed + 1))]);
  }
  crew.end();
});

it('finds and multiplies vectors there as here', async () => {
  const crew = await present(1);
  const [u, v, change] = [numbers(1, 40 * 3), numbers(2, 3 * 50), numbers(3, 40 * 50)].map(bytesIn) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const wanted = { rows: 40, columns: 50, most: 5 };
  const both = async <O>(task: Task<O>, inputs: readonly Uint8Array[], options: O) => {
    const { task: seen, local } = watched(task);
    const there = await crew.run(seen, inputs, options);
    expect(local.count).toBe(0);
    expect(there.map(text)).toEqual((await task.run(inputs, options, async () => {})).map(text));
  };
  await both(multiplyRows, [u, v], { rank: 3 });
  await both(findFactors, [change], wanted);
  crew.end();
});

it('passes on what is wrong, as this thread would say it', async () => {
  const crew = await present(1);
  const inputs = [Uint8Array.of(1, 2), new Uint8Array(0), bytesOf(1)];
  const said = (run: () => unknown) =>
    Promise.resolve()
      .then(run)
      .catch((error) => error);
  const there = await said(() => crew.run({ ...undoChunk, run: () => [] }, inputs, form));
  expect(there).toBeInstanceOf(DeltaError);
  expect(there).toEqual(await said(() => undoChunk.run(inputs, form, async () => {})));
  crew.end();
});

it('works alone where no worker can be started', async () => {
  const start = vi.fn(() => {
    throw new Error('not allowed');
  });
  const crew = createCrew(2, start);
  const { task, local } = watched(encodeChunk);
  const slow: typeof task = {
    ...task,
    async run(...args) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return task.run(...args);
    },
  };
  for (let k = 0; k < 3; k++) await crew.run(slow, [bytesOf(1), bytesOf(2)], { form, forward: true });
  expect(local.count).toBe(3);
  expect(start).toHaveBeenCalledTimes(1);
});

it('says so when a worker is lost, and goes on without it', async () => {
  let events: HandEvents | null = null;
  const crew = createCrew(1, (own) => {
    events = own;
    return { ...startHand(own), post: () => {} };
  });
  const slow: Task<null> = { name: 'slow', run: () => new Promise((resolve) => setTimeout(resolve, 60, [])) };
  await crew.run(slow, [], null);
  await vi.waitFor(() => expect(events).not.toBeNull());
  (events as unknown as HandEvents).answer({ ready: true });
  const running = crew.run(slow, [], null);
  (events as unknown as HandEvents).lost('out of memory');
  await expect(running).rejects.toThrow('[peftjs/delta] a worker was lost: out of memory');
  expect(await crew.run(slow, [], null)).toEqual([]);
  crew.end();
});
