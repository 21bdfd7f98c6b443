import { attach } from '@peftjs/core';
import { lora, loraPlus, noisy } from '@peftjs/lora';
import { expect, it } from 'vitest';
import { batches, withModel } from '../test/tiny-model.ts';
import { adamw } from './adamw.ts';
import type { Optimizer } from './optimizer.ts';
import { train } from './train.ts';
import type { TrainOptions } from './train-options.ts';
import type { TrainState } from './train-state.ts';

const bench = withModel();
const apart: Optimizer = { ...adamw(), elementwise: false };

/** The state after so many steps, in the order of its keys, from a saved one where there is one. */
async function run(options: Partial<TrainOptions<never>>, steps: number, before: TrainState | null = null) {
  let state = before;
  const adapter = attach(bench.model, lora({ r: 2, init: noisy }), { seed: 5 });
  const store = {
    load: async () => state && { ...state, recipe: state.recipe.replace(/"total":\d+/, `"total":${steps}`) },
    save: async (saved: TrainState) => {
      state = saved;
    },
  };
  const all = { learningRate: 0.01, steps, store, schedule: () => 1, ...options };
  for await (const _ of train(bench.model, batches(2), all));
  adapter.detach();
  const { tensors, ...rest } = state as unknown as TrainState;
  return { ...rest, tensors: tensors.toSorted((a, b) => a.key.localeCompare(b.key)) };
}

it.each([
  ['one rate', {}],
  ['rates of their own', { rates: loraPlus() }],
] as const)('joined parameters get the numbers that each gets alone, with %s', async (_, rates) => {
  const joined = await run(rates, 4);
  expect((await run({ ...rates, optimizer: apart }, 4)).tensors).toEqual(joined.tensors);
});

it('a run that was saved with each alone goes on joined, and the other way round', async () => {
  const whole = await run({}, 4);
  for (const [first, then] of [
    [apart, adamw()],
    [adamw(), apart],
  ] as const) {
    const half = await run({ optimizer: first }, 2);
    expect((await run({ optimizer: then }, 4, half)).tensors).toEqual(whole.tensors);
  }
});
