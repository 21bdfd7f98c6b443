import { attach, merge, pin, type Route, route } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { dispose, memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { batchOf, guardTensors, tinyLlama } from '../../test/tiny-llama.ts';
import type { CausalLM, KeyValueCache } from '../heads/causal-lm.ts';
import { INFERENCE } from '../model.ts';

guardTensors();
let model: CausalLM;
beforeEach(async () => {
  model = await tinyLlama();
});
afterEach(() => model.dispose());

function stepped(
  rows: readonly (readonly number[])[],
  cache: KeyValueCache | null,
  routes?: Route | readonly Route[],
): KeyValueCache {
  const after = model.step(batchOf(rows), cache, { ...INFERENCE, ...(routes && { routes }) });
  after.logits.dispose();
  return after.cache;
}

function free({ mask, blocks }: KeyValueCache): void {
  dispose([mask, ...blocks.flatMap(({ k, v }) => [k, v])]);
}

const make = (name: string, seed: number) => attach(model, lora({ r: 2, init: noisy }), { name, seed });

test('a cache goes on with the adapters that filled it, and no others', async () => {
  const notes = make('notes', 1);
  const cache = stepped([[3, 9, 1]], null);
  free(stepped([[4]], cache));
  const expectRefused = (found: string, routes?: Route) => {
    const before = memory().numTensors;
    expect(() => stepped([[4]], cache, routes)).toThrow(
      `[peftjs/models] the cache was filled by "notes", this step runs ${found}; give the same "routes" all along, as pin() does`,
    );
    expect(memory().numTensors).toBe(before);
  };
  notes.active = false;
  expectRefused('the base alone');
  free(stepped([[4]], cache, route(notes)));
  notes.active = true;
  notes.strength = 0.5;
  expectRefused('"notes" at 0.5');
  notes.strength = 1;
  const casual = make('casual', 2);
  expectRefused('"notes", "casual"');
  casual.detach();
  const unmerge = await merge(notes);
  expectRefused('the base alone');
  unmerge();
  free(stepped([[4]], cache));
  notes.detach();
  expectRefused('the base alone');
  free(cache);
});

test('a row at a time', () => {
  const [notes, casual] = [make('notes', 1), make('casual', 2)];
  const rows = [
    [3, 9],
    [1, 4],
  ];
  const cache = stepped(rows, null, [route(notes), route()]);
  const next = [[5], [6]];
  free(stepped(next, cache, [route(notes), route([casual, 0])]));
  expect(() => stepped(next, cache, [route(notes), route([casual, 0.3])])).toThrow(
    'filled by the base alone, this step runs "casual" at 0.3;',
  );
  expect(() => stepped(next, cache, [route(notes)])).toThrow('1 routes for a batch of 2 rows');
  const { routes, release } = pin(model, cache.routes);
  for (const adapter of [notes, casual]) adapter.detach();
  free(stepped(next, cache, routes));
  release();
  free(cache);
});
