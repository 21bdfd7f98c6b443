import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { attach, type Host } from '@peftjs/core';
import { llama, randomSource } from '@peftjs/models';
import { constant, type TrainState, train } from '@peftjs/train';
import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { adalora } from './adalora.ts';
import { budget, budgetAt } from './adalora-budget.ts';
import { lora } from './lora.ts';
import { readAdalora } from './read-adalora.ts';

const SCHEDULE = { steps: 12, target: 1, warmup: 2, settle: 3 };

beforeAll(async () => {
  await useBackend(cpu());
});

const tiny = () =>
  llama.load({
    config: {
      vocab_size: 11,
      hidden_size: 8,
      intermediate_size: 12,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      max_position_embeddings: 8,
    },
    source: randomSource(4, 0.4),
    base: { name: 'tiny', fingerprint: async () => 'sha256:tiny' },
    tokenizer: null,
  });
const ids = Int32Array.from([1, 5, 2, 9, 3, 10]);
const batch = { inputIds: ids, attentionMask: ids.map(() => 1), labels: ids, shape: [1, 6] as const };
const batches = { size: 1, get: () => batch };

const attached = (host: Host) =>
  attach(host, adalora({ ...SCHEDULE, r: 3, targets: ['q_proj', 'v_proj'] }), { seed: 2 });
const kept = (adapter: ReturnType<typeof attached>) =>
  adapter.parameters
    .filter(({ key }) => key.endsWith('lora_E'))
    .reduce((n, { variable }) => n + variable.dataSync().filter((e) => e !== 0).length, 0);

describe('the schedule', () => {
  const at = (t: number) => budgetAt(t, 12, 4, { ...SCHEDULE, every: 1, beta1: 0.8, beta2: 0.8 });

  test('keeps all ranks in the warm-up, falls as a cube, and stays where it has come to', () => {
    expect([1, 2].map((t) => at(t))).toEqual([1, 2].map(() => ({ kept: 12, chosen: false })));
    const falling = [3, 4, 5, 6, 7, 8, 9].map((t) => at(t));
    expect(falling.map(({ kept: k }) => k)).toEqual([9, 6, 5, 4, 4, 4, 4]);
    expect(falling.every(({ chosen }) => chosen)).toBe(true);
    expect([10, 11, 12].map((t) => at(t))).toEqual([1, 2, 3].map(() => ({ kept: 4, chosen: false })));
  });
});

test('a run comes to its budget, and goes on where it was stopped as if it had not been', async () => {
  const run = async (stopAfter: number, state: { saved: TrainState | null }) => {
    const model = await tiny();
    const adapter = attached(model);
    const store = {
      load: async () => structuredClone(state.saved),
      save: async (next: TrainState) => {
        state.saved = structuredClone(next);
      },
    };
    const options = { learningRate: 0.05, schedule: constant, after: [budget(adapter)], store, saveEvery: 1 };
    for await (const event of train(model, batches, { ...options, steps: 12 })) {
      if (event.type === 'saved' && event.step === stopAfter) break;
    }
    const found = { kept: kept(adapter), values: adapter.parameters.map((p) => [...p.variable.dataSync()]) };
    adapter.detach();
    model.dispose();
    return found;
  };
  const tensors = memory().numTensors;
  const whole = await run(99, { saved: null });
  expect(whole.kept).toBe(4);
  const state = { saved: null };
  expect((await run(5, state)).kept).toBeGreaterThan(4);
  expect(await run(99, state)).toEqual(whole);
  expect(memory().numTensors).toBe(tensors);
});

describe('what cannot be is an error that says what to do', () => {
  test.each<[object, string]>([
    [{ steps: 0 }, 'steps is 0'],
    [{ steps: 10, r: 2.5 }, 'r is 2.5'],
    [{ steps: 10, r: 4, target: 5 }, 'target is 5; give at most the rank that layers start with, 4'],
    [{ steps: 10, warmup: 6, settle: 4 }, 'warmup is 6; give less than steps - settle, 6'],
    [{ steps: 10, beta1: 1 }, 'beta1 is 1'],
    [{ steps: 10, dropout: 1 }, 'dropout is 1'],
    [{ steps: 10, orthogonality: -1 }, 'orthogonality is -1'],
  ])('%o', (options, message) => {
    expect(() => adalora(options as Parameters<typeof adalora>[0])).toThrow(message);
  });

  test('a budget for another method, and a file that asks for more', async () => {
    const model = await tiny();
    const other = attach(model, lora({ r: 2 }));
    expect(() => budget(other)).toThrow(`"default" is of type LORA; a budget is AdaLoRA's`);
    other.detach();
    model.dispose();
    const read = (config: object) => () => readAdalora().read({ target_modules: ['q'], total_step: 5, ...config });
    expect(read({ use_rslora: true })).toThrow('asks for "use_rslora"');
    expect(read({ total_step: null })).toThrow('has total_step null; a number is needed');
  });
});
