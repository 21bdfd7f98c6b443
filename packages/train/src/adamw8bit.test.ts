import { attach } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import type { TokenBatch } from '@peftjs/models';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { batches, withModel } from '../test/tiny-model.ts';
import { adamw } from './adamw.ts';
import { adamw8bit } from './adamw8bit.ts';
import type { Optimizer } from './optimizer.ts';
import { constant } from './schedules.ts';
import { train } from './train.ts';
import type { StateStore, TrainState } from './train-state.ts';

const bench = withModel();
const coded = () => adamw8bit({ least: 1 });

/** Losses of a run over fresh adapters of the same seed, up to a step. */
async function run(optimizer: Optimizer, store?: StateStore, stopAfter = Number.POSITIVE_INFINITY) {
  const adapter = attach(bench.model, lora({ r: 4 }), { seed: 5 });
  const losses: number[] = [];
  const more = store ? { store, saveEvery: 1 } : {};
  const options = { learningRate: 0.01, steps: 8, schedule: constant, optimizer, ...more };
  for await (const event of train<TokenBatch>(bench.model, batches(3), options)) {
    if (event.type === 'step') losses.push(event.loss);
    if (event.type === 'saved' && event.step === stopAfter) break;
  }
  const values = adapter.parameters.map((p) => [...p.variable.dataSync()]);
  adapter.detach();
  return { losses, values };
}

test('learns as adamw does, less what 8 bits round off', async () => {
  const [whole, rounded] = [await run(adamw()), await run(coded())];
  expect(rounded.losses).not.toEqual(whole.losses);
  const learned = (whole.losses[0] as number) - (whole.losses.at(-1) as number);
  expect(learned).toBeGreaterThan(0.1);
  for (const [i, loss] of whole.losses.entries()) {
    expect(Math.abs((rounded.losses[i] as number) - loss)).toBeLessThan(0.05 * learned);
  }
});

test('goes on bit for bit where it stopped', async () => {
  const whole = await run(coded());
  let state: TrainState | null = null;
  const store: StateStore = {
    save: async (next) => {
      state = structuredClone(next);
    },
    load: async () => structuredClone(state),
  };
  const first = await run(coded(), store, 5);
  const rest = await run(coded(), store);
  expect([...first.losses, ...rest.losses]).toEqual(whole.losses);
  expect(rest.values).toEqual(whole.values);
  expect(adamw8bit().options).toEqual({ ...adamw().options, least: 4096 });
});

describe('its state', () => {
  const slots = (shape: readonly number[]) => adamw8bit({ weightDecay: 0 }).slots(shape);

  test('takes less than 3 bytes a number', () => {
    tidy(() => {
      const bytes = Object.values(slots([100, 256])).reduce((sum, { size }) => sum + 4 * size, 0);
      expect(bytes / (100 * 256)).toBeLessThan(2.75);
    });
  });

  test('of a small parameter is in float32, and of one with no gradient stays zeros', () => {
    tidy(() => {
      expect(Object.keys(slots([64, 63]))).toEqual(['m', 'v']);
      expect(slots([64, 63]).m?.shape).toEqual([64, 63]);
      const value: Tensor = tensor(new Float32Array(5000).fill(2), [5000]);
      const gradient = tensor(new Float32Array(5000));
      const args = { value, gradient, slots: slots([5000]), learningRate: 1, step: 1, gradientScale: 1 };
      const after = adamw8bit({ weightDecay: 0 }).update(args);
      expect(new Set(after.value.dataSync())).toEqual(new Set([2]));
      for (const [name, t] of Object.entries(after.slots))
        expect([...t.dataSync()]).toEqual([...(args.slots[name]?.dataSync() ?? [])]);
    });
  });
});
