import { attach, type Context, type Method, pin, type Route, route } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { generate, INFERENCE, type KeyValueCache } from '@peftjs/models';
import { describe, expect, it, test } from 'vitest';
import { batchOf, expectNear, logitsOf, withModel } from '../test/tiny-model.ts';
import { lstm } from './lstm.ts';
import { multitaskPromptTuning } from './multitask-prompt-tuning.ts';
import { pTuning } from './p-tuning.ts';
import { prefixTuning } from './prefix-tuning.ts';
import { promptTuning } from './prompt-tuning.ts';

const bench = withModel();
const ROWS = [
  [3, 1, 4, 1, 5, 9],
  [2, 7, 16],
] as const;
const TASKS = [2, 0];

/** Each with the number of positions it puts into the sequence. */
/** A prompt in the adapter of another method, which nobody could save. */
const BESIDE: Method = { ...promptTuning({ tokens: 2 }), beside: () => true };

const METHODS: readonly (readonly [name: string, make: () => Method | Method[], virtual: number])[] = [
  ['a prefix', () => prefixTuning({ tokens: 3 }), 0],
  ['a projected prefix', () => prefixTuning({ tokens: 3, projection: { hidden: 5 } }), 0],
  ['a prompt', () => promptTuning({ tokens: 4 }), 4],
  ['P-tuning', () => pTuning({ tokens: 2, encoder: lstm({ hidden: 3 }) }), 2],
  ['a multitask prompt', () => multitaskPromptTuning({ tokens: 3, tasks: 3, ranks: 2 }), 3],
  ['a prefix and a prompt', () => [prefixTuning({ tokens: 3 }), BESIDE], 2],
];

function release(cache: KeyValueCache | null): void {
  for (const t of cache ? [cache.mask, ...cache.blocks.flatMap(({ k, v }) => [k, v])] : []) t.dispose();
}

/** Logits after the first `first` tokens, and after each of the others, one at a time through the cache. */
function stepped(rows: readonly (readonly number[])[], first: number, ctx: Context): number[][][] {
  const { model } = bench;
  const t = Math.max(...rows.map((row) => row.length));
  const whole = batchOf(rows, { pad: 'left' });
  const at = (all: Int32Array, from: number, to: number) =>
    Int32Array.from(rows.flatMap((_, row) => [...all.subarray(row * t + from, row * t + to)]));
  const found: number[][][] = [];
  let cache: KeyValueCache | null = null;
  for (let end = first; end <= t; end++) {
    const from = end === first ? 0 : end - 1;
    const batch = {
      inputIds: at(whole.inputIds, from, end),
      attentionMask: at(whole.attentionMask, from, end),
      shape: [rows.length, end - from] as const,
      ...(end === first && { tasks: Int32Array.from(TASKS.slice(0, rows.length)) }),
    };
    const before: KeyValueCache | null = cache;
    const after = model.step(batch, before, ctx);
    cache = after.cache;
    release(before);
    found.push(after.logits.arraySync() as number[][]);
    after.logits.dispose();
  }
  release(cache);
  return found;
}

describe.for(METHODS)('%s', ([, make, virtual]) => {
  it('says the same token by token through the cache, rows padded on the left', () => {
    const { model } = bench;
    const base = logitsOf(model, batchOf(ROWS, { pad: 'left', tasks: TASKS }));
    const adapter = attach(model, make(), { seed: 1 });
    const whole = logitsOf(model, batchOf(ROWS, { pad: 'left', tasks: TASKS }));
    expect(whole[0]).toHaveLength(6 + virtual);
    const found = stepped(ROWS, 4, INFERENCE);
    expect(found).toHaveLength(3);
    for (const [i, rows] of found.entries()) {
      for (const [row, logits] of rows.entries()) {
        expectNear(logits, whole[row]?.[virtual + 3 + i] as number[]);
        expect(logits).not.toEqual(base[row]?.[3 + i]);
      }
    }
    adapter.detach();
  });

  it('says of a padded row what it says of the row alone', () => {
    const { model } = bench;
    const adapter = attach(model, make(), { seed: 1 });
    for (const pad of ['left', 'right'] as const) {
      const both = logitsOf(model, batchOf(ROWS, { pad, tasks: TASKS }));
      for (const [row, ids] of ROWS.entries()) {
        const alone = logitsOf(model, batchOf([ids], { tasks: [TASKS[row] as number] }))[0] as number[][];
        const from = virtual + (pad === 'left' ? 6 - ids.length : 0);
        for (const [i] of ids.entries()) expectNear(both[row]?.[from + i] as number[], alone[virtual + i] as number[]);
      }
    }
    adapter.detach();
  });

  it('runs in some rows of a batch beside others and the base', () => {
    const { model } = bench;
    const mine = attach(model, make(), { name: 'mine', seed: 1 });
    const long = attach(model, promptTuning({ tokens: 5 }), { name: 'long', seed: 2 });
    const other = attach(model, lora({ r: 2, init: noisy }), { name: 'other', seed: 3 });
    const routes = [route(mine), route(), route(long, other), route(mine)];
    const ids = [ROWS[0], ROWS[0], ROWS[1], ROWS[1]];
    const tasks = [2, 1, 1, 0];
    for (const pad of ['left', 'right'] as const) {
      const mixed = logitsOf(model, batchOf(ids, { pad, tasks }), { ...INFERENCE, routes });
      for (const [row, own] of ids.entries()) {
        const ctx: Context = { ...INFERENCE, routes: routes[row] as Route };
        const alone = logitsOf(model, batchOf([own], { tasks: [tasks[row] as number] }), ctx)[0] as number[][];
        const all = mixed[row] as number[][];
        const end = all.length - (pad === 'left' ? 0 : 6 - own.length);
        for (let i = 1; i <= own.length; i++) expectNear(all[end - i] as number[], alone.at(-i) as number[]);
      }
    }
    for (const adapter of [mine, long, other]) adapter.detach();
  });

  it('goes through the cache beside others, too', () => {
    const { model } = bench;
    const mine = attach(model, make(), { name: 'mine', seed: 1 });
    for (const routes of [
      [route(mine), route()],
      [route(), route(mine)],
    ]) {
      const found = stepped(ROWS, 4, { ...INFERENCE, routes });
      for (const [row, ids] of ROWS.entries()) {
        const ctx: Context = { ...INFERENCE, routes: routes[row] as Route };
        const alone = logitsOf(model, batchOf([ids], { tasks: [TASKS[row] as number] }), ctx)[0] as number[][];
        for (const [i, rows] of found.entries())
          expectNear(rows[row] as number[], alone[alone.length - found.length + i] as number[]);
      }
    }
    mine.detach();
  });

  it('counts the labels that its logits predict', () => {
    const { model } = bench;
    const batch = batchOf(ROWS, { tasks: TASKS });
    expect(model.count(batch).targets).toBe(5 + 2);
    const adapter = attach(model, make(), { seed: 1 });
    expect(model.count(batch).targets).toBe(virtual > 0 ? 6 + 3 : 5 + 2);
    const logits = logitsOf(model, batch);
    let expected = 0;
    for (const [row, ids] of ROWS.entries()) {
      for (const [i, id] of ids.entries()) {
        const before = logits[row]?.[virtual + i - 1];
        if (before) expected += Math.log(before.reduce((sum, z) => sum + Math.exp(z), 0)) - (before[id] as number);
      }
    }
    const loss = model.loss(batch);
    expect(loss.dataSync()[0]).toBeCloseTo(expected, 3);
    loss.dispose();
    adapter.active = false;
    expect(model.count(batch).targets).toBe(5 + 2);
    adapter.detach();
  });
});

test('greedy text is what the whole sequence predicts, also while the adapter is replaced', async () => {
  const { model } = bench;
  const adapter = attach(model, [prefixTuning({ tokens: 3 }), BESIDE], { seed: 4 });
  const ids = [3, 1, 4];
  const greedy: number[] = [];
  for await (const id of generate(model, ids, { maxNewTokens: 6, temperature: 0, stop: [] })) greedy.push(id);
  expect(greedy).toHaveLength(6);
  for (const [n, id] of greedy.entries()) {
    const last = logitsOf(model, batchOf([[...ids, ...greedy.slice(0, n)]]))[0]?.at(-1) as number[];
    expect(last.indexOf(Math.max(...last))).toBe(id);
  }
  const pinned: number[] = [];
  for await (const id of generate(model, ids, { maxNewTokens: 6, temperature: 0, stop: [] })) {
    pinned.push(id);
    if (pinned.length === 2) adapter.detach();
  }
  expect(pinned).toEqual(greedy);
});

test('a text of each task goes on as that task has it', async () => {
  const { model } = bench;
  const adapter = attach(model, multitaskPromptTuning({ tokens: 3, tasks: 2, ranks: 2 }), { seed: 4 });
  const firsts: number[][] = [];
  for (const task of [0, 1]) {
    const options = { maxNewTokens: 8, temperature: 0, stop: [], task };
    const ids: number[] = [];
    for await (const id of generate(model, [3, 1], options)) ids.push(id);
    const whole = logitsOf(model, batchOf([[3, 1, ...ids]], { tasks: [task] }))[0] as number[][];
    for (const [n, id] of ids.entries()) {
      const logits = whole[3 + 1 + n] as number[];
      expect(logits.indexOf(Math.max(...logits))).toBe(id);
    }
    firsts.push(whole[4] as number[]);
  }
  expect(firsts[0]).not.toEqual(firsts[1]);
  await expect(generate(model, [3, 1]).next()).rejects.toThrow('the batch has no tasks');
  adapter.detach();
});

test('generation ends where prompt and prefix have filled the context', async () => {
  const { model } = bench;
  const adapters = [prefixTuning({ tokens: 8 }), promptTuning({ tokens: 9 })].map((method) =>
    attach(model, method, { name: method.type, seed: 4 }),
  );
  const ids: number[] = [];
  for await (const id of generate(model, [1, 2, 3], { stop: [] })) ids.push(id);
  // The last token is predicted at the last of 24 positions and is not read any more.
  expect(8 + 9 + 3 + ids.length - 1).toBe(24);
  expect(() => model.logits(batchOf([[1, 2, 3, 4, 5, 6, 7, 8]]))).toThrow(
    "8 tokens and 17 virtual ones are more than the model's context of 24",
  );
  for (const adapter of adapters) adapter.detach();
  expect(pin(model).routes).toEqual(new Map());
});
