import { attach } from '@peftjs/core';
import { dora, lora, noisy } from '@peftjs/lora';
import type { TokenBatch } from '@peftjs/models';
import { fill, memory, mul, sub, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { batches, rows, withModel } from '../test/tiny-model.ts';
import { adamw } from './adamw.ts';
import { constant, cosine } from './schedules.ts';
import { train } from './train.ts';
import type { TrainEvent } from './train-event.ts';
import type { TrainOptions } from './train-options.ts';
import type { StateStore, TrainState } from './train-state.ts';

const bench = withModel();
const OPTIONS: TrainOptions<TokenBatch> = { learningRate: 0.02, epochs: 2, seed: 3, schedule: constant };
const dropping = () => lora({ r: 2, alpha: 4, dropout: 0.2, init: noisy });

async function all(events: AsyncIterable<TrainEvent>): Promise<TrainEvent[]> {
  const found: TrainEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}
const losses = (events: readonly TrainEvent[]) => events.flatMap((e) => (e.type === 'step' ? [e.loss] : []));

function storeOf(first: TrainState | null = null): StateStore & { state: TrainState | null } {
  const store = {
    state: first,
    save: async (state: TrainState) => {
      store.state = structuredClone(state);
    },
    load: async () => structuredClone(store.state),
  };
  return store;
}

/** Trains fresh adapters of the same seed; the parameters come out. */
async function run(options: Partial<TrainOptions<TokenBatch>>, stopAfter = Number.POSITIVE_INFINITY) {
  const adapter = attach(bench.model, dropping(), { seed: 5 });
  const events: TrainEvent[] = [];
  try {
    for await (const event of train(bench.model, batches(3), { ...OPTIONS, ...options })) {
      events.push(event);
      if (event.type === 'saved' && event.step === stopAfter) break;
    }
    return { events, values: adapter.parameters.map((p) => [...p.variable.dataSync()]) };
  } finally {
    adapter.detach();
  }
}

test('reports each step, and learns', async () => {
  const adapter = attach(bench.model, lora({ r: 4 }));
  const events = await all(train(bench.model, batches(2), { learningRate: 0.05, epochs: 8 }));
  expect(events.map((e) => e.type)).toEqual([...Array<string>(16).fill('step'), 'end']);
  expect(events[3]).toMatchObject({ step: 4, steps: 16, epoch: 1, tokens: 10 });
  expect(events.at(-1)).toEqual({ type: 'end', step: 16, reason: 'done' });
  const found = losses(events);
  expect(found.at(-1)).toBeLessThan((found[0] as number) * 0.9);
  for (const e of events) {
    if (e.type !== 'step') continue;
    expect(e.gradientNorm).toBeGreaterThan(0);
    expect(e.peakBytes).toBeGreaterThan(0);
    expect(e.tokensPerSecond / e.stepsPerSecond).toBeCloseTo(e.tokens, 3);
  }
  adapter.detach();
});

test('no step leaves a tensor more than there were', async () => {
  const adapter = attach(bench.model, dropping());
  const counts: number[] = [];
  const bytes: number[] = [];
  for await (const e of train(bench.model, batches(3), {
    ...OPTIONS,
    accumulate: 2,
    evaluate: { batches: batches(1), every: 1 },
  })) {
    if (e.type !== 'step') continue;
    counts.push(memory().numTensors);
    bytes.push(memory().numBytes);
  }
  expect(counts).toEqual(counts.map(() => counts[0]));
  expect(bytes).toEqual(bytes.map(() => bytes[0]));
  adapter.detach();
});

test('the last step of an epoch has the batches that are left', async () => {
  const adapter = attach(bench.model, lora({ r: 2 }));
  const seen: string[] = [];
  const data = {
    size: 3,
    get(epoch: number, i: number) {
      seen.push(`${epoch}.${i}`);
      return rows(i, [4]);
    },
  };
  const events = await all(train(bench.model, data, { learningRate: 0.01, epochs: 2, accumulate: 2 }));
  expect(seen).toEqual(['0.0', '0.1', '0.2', '1.0', '1.1', '1.2']);
  expect(losses(events)).toHaveLength(4);
  const more = await all(train(bench.model, data, { learningRate: 0.01, steps: 5, accumulate: 3 }));
  expect(losses(more)).toHaveLength(5);
  adapter.detach();
});

describe('clipping', () => {
  test('bounds the joint norm, and no more than that', async () => {
    const after = async (clip: number) => {
      const adapter = attach(bench.model, lora({ r: 2, init: noisy }), { seed: 2 });
      const plain = {
        name: 'sgd',
        options: {},
        slots: () => ({}),
        update: ({
          value,
          gradient,
          learningRate,
          gradientScale,
        }: Parameters<ReturnType<typeof adamw>['update']>[0]) => ({
          value: sub(value, mul(gradient, learningRate * gradientScale)),
          slots: {},
        }),
      };
      const before = adapter.parameters.flatMap((p) => [...p.variable.dataSync()]);
      const options = { learningRate: 1, steps: 1, schedule: constant, optimizer: plain, clip };
      const [step] = await all(train(bench.model, batches(1), options));
      const moved = adapter.parameters
        .flatMap((p) => [...p.variable.dataSync()])
        .map((v, i) => v - (before[i] as number));
      adapter.detach();
      const norm = Math.sqrt(moved.reduce((n, v) => n + v * v, 0));
      return { norm, reported: step?.type === 'step' ? step.gradientNorm : 0 };
    };
    const free = await after(Number.POSITIVE_INFINITY);
    expect(free.norm).toBeCloseTo(free.reported, 4);
    const bound = free.norm / 3;
    const clipped = await after(bound);
    expect(clipped.norm).toBeCloseTo(bound, 4);
    expect(clipped.reported).toBeCloseTo(free.reported, 5);
    expect((await after(free.norm * 2)).norm).toBeCloseTo(free.norm, 5);
  });
});

describe('evaluation', () => {
  const evaluate = { batches: { size: 1, get: () => rows(40, [5, 6]) } };

  test('before the first step, every so many, and after the last', async () => {
    const { events } = await run({ evaluate: { ...evaluate, every: 4 } });
    expect(events.flatMap((e) => (e.type === 'evaluation' ? [e.step] : []))).toEqual([0, 4, 6]);
    for (const e of events) if (e.type === 'evaluation') expect(e.perplexity).toBeCloseTo(Math.exp(e.loss), 8);
    expect((await run({ evaluate })).events.filter((e) => e.type === 'evaluation')).toHaveLength(2);
  });

  test('does not change the training', async () => {
    const [with_, without] = [await run({ evaluate: { ...evaluate, every: 1 } }), await run({})];
    expect(with_.values).toEqual(without.values);
  });

  test('ends the run when it has not improved for long enough, and a resumed run ends too', async () => {
    const store = storeOf();
    const stuck = { learningRate: 0, evaluate: { ...evaluate, every: 1, patience: 2 }, store };
    const { events } = await run(stuck);
    expect(events.at(-1)).toEqual({ type: 'end', step: 2, reason: 'no improvement' });
    expect(events.flatMap((e) => (e.type === 'evaluation' ? [e.best] : []))).toEqual([true, false, false]);
    expect(store.state?.step).toBe(2);
    const again = await run(stuck);
    expect(again.events).toEqual([
      { type: 'resumed', step: 2 },
      { type: 'end', step: 2, reason: 'no improvement' },
    ]);
  });
});

describe('resuming', () => {
  test('after any step gives the numbers of a run that was never stopped, bit for bit, dropout on', async () => {
    const whole = await run({});
    for (let k = 1; k <= 5; k++) {
      const store = storeOf();
      const first = await run({ store, saveEvery: 1 }, k);
      const rest = await run({ store, saveEvery: 1 });
      expect(rest.events[0]).toEqual({ type: 'resumed', step: k });
      expect([...losses(first.events), ...losses(rest.events)]).toEqual(losses(whole.events));
      expect(rest.values).toEqual(whole.values);
    }
  });

  test('with accumulation, evaluation, a schedule and the whole model', async () => {
    const options = { accumulate: 2, schedule: cosine({ warmup: 2 }), evaluate: { batches: batches(1), every: 1 } };
    const start = bench.model.parameters().parameters.map((p) => p.variable.dataSync().slice());
    const trainWhole = async (store: StateStore | undefined, stopAfter = 99) => {
      for (const [i, { variable }] of bench.model.parameters().parameters.entries()) {
        const value = tensor(start[i] as Float32Array, variable.shape);
        variable.assign(value);
        value.dispose();
      }
      const more = store ? { store, saveEvery: 1 } : {};
      const events: TrainEvent[] = [];
      for await (const e of train(bench.model, batches(3), {
        ...OPTIONS,
        ...options,
        ...more,
        trainable: bench.model.parameters(),
      })) {
        events.push(e);
        if (e.type === 'saved' && e.step === stopAfter) break;
      }
      const evaluations = events.flatMap((e) => (e.type === 'evaluation' ? [e.loss] : []));
      const values = bench.model.parameters().parameters.map((p) => [...p.variable.dataSync()]);
      return { losses: losses(events), evaluations, values };
    };
    const whole = await trainWhole(undefined);
    expect(whole.losses).toHaveLength(4);
    expect(whole.losses.at(-1)).toBeLessThan(whole.losses[0] as number);
    const store = storeOf();
    const first = await trainWhole(store, 2);
    const rest = await trainWhole(store);
    expect([...first.losses, ...rest.losses]).toEqual(whole.losses);
    expect([...first.evaluations, ...rest.evaluations]).toEqual(whole.evaluations);
    expect(rest.values).toEqual(whole.values);
  });

  test('a run that is done stays done', async () => {
    const store = storeOf();
    const first = await run({ store });
    expect(first.events.filter((e) => e.type === 'saved')).toEqual([{ type: 'saved', step: 6 }]);
    const again = await run({ store });
    expect(again.events.map((e) => e.type)).toEqual(['resumed', 'end']);
    expect(again.values).toEqual(first.values);
  });

  test('with other options, or onto other tensors, is refused before anything is changed', async () => {
    const store = storeOf();
    await run({ store, saveEvery: 1 }, 2);
    const others: Partial<TrainOptions<TokenBatch>>[] = [
      { learningRate: 0.03 },
      { epochs: 3 },
      { seed: 4 },
      { clip: 2 },
      { accumulate: 2 },
      { optimizer: adamw({ weightDecay: 0.1 }) },
      { schedule: cosine() },
    ];
    for (const other of others)
      await expect(run({ ...other, store })).rejects.toThrow('the saved run had other options');
    const refused = async (method: ReturnType<typeof lora>, message: string) => {
      const adapter = attach(bench.model, method, { seed: 5 });
      const before = adapter.parameters.map((p) => [...p.variable.dataSync()]);
      await expect(all(train(bench.model, batches(3), { ...OPTIONS, store }))).rejects.toThrow(message);
      expect(adapter.parameters.map((p) => [...p.variable.dataSync()])).toEqual(before);
      adapter.detach();
    };
    await refused(lora({ r: 3 }), 'lora_A.weight" has shape [2,8], [3,8] is needed; train into another folder');
    await refused(
      lora({ r: 2, targets: ['q_proj'] }),
      'nothing here takes its "base_model.model.model.layers.0.self_attn.k_proj',
    );
    await refused(dora({ r: 2 }), 'lora_magnitude_vector" is missing');
  });
});

describe('an abort', () => {
  test('in the middle of a step leaves the adapter usable, and no tensor', async () => {
    const controller = new AbortController();
    const adapter = attach(bench.model, dropping());
    const tensors = memory().numTensors;
    const data = {
      size: 4,
      get: (epoch: number, index: number) => {
        if (index === 2) controller.abort(new Error('stopped by the user'));
        return batches(4).get(epoch, index);
      },
    };
    const seen: number[] = [];
    const watch = async () => {
      for await (const e of train(bench.model, data, { ...OPTIONS, signal: controller.signal }))
        if (e.type === 'step') seen.push(e.step);
    };
    await expect(watch()).rejects.toThrow('stopped by the user');
    expect(seen.at(-1)).toBeLessThanOrEqual(3);
    expect(memory().numTensors).toBe(tensors);
    const events = await all(train(bench.model, batches(1), OPTIONS));
    expect(losses(events).every(Number.isFinite)).toBe(true);
    adapter.detach();
  });

  test('saves the run first, so that it goes on where it was', async () => {
    const whole = await run({});
    const store = storeOf();
    const controller = new AbortController();
    const adapter = attach(bench.model, dropping(), { seed: 5 });
    const watch = async () => {
      for await (const e of train(bench.model, batches(3), { ...OPTIONS, store, signal: controller.signal }))
        if (e.type === 'step' && e.step === 3) controller.abort(new Error('stopped'));
    };
    await expect(watch()).rejects.toThrow('stopped');
    adapter.detach();
    expect(store.state?.step).toBe(3);
    expect((await run({ store })).values).toEqual(whole.values);
  });

  test('before the first step does nothing; leaving the loop frees everything', async () => {
    const adapter = attach(bench.model, dropping());
    const before = adapter.parameters.map((p) => [...p.variable.dataSync()]);
    const tensors = memory().numTensors;
    await expect(
      all(train(bench.model, batches(2), { ...OPTIONS, signal: AbortSignal.abort(new Error('no')) })),
    ).rejects.toThrow('no');
    expect(adapter.parameters.map((p) => [...p.variable.dataSync()])).toEqual(before);
    for await (const _ of train(bench.model, batches(2), OPTIONS)) break;
    expect(memory().numTensors).toBe(tensors);
    adapter.detach();
  });
});

describe('stops with a clear error', () => {
  const refused = async (options: Partial<TrainOptions<TokenBatch>>, message: string, data = batches(2)) => {
    const tensors = memory().numTensors;
    await expect(all(train(bench.model, data, { ...OPTIONS, ...options }))).rejects.toThrow(message);
    expect(memory().numTensors).toBe(tensors);
  };

  test('when nothing is trainable', async () => {
    await refused({}, '[peftjs/train] nothing is trainable; attach an adapter to the model');
    const adapter = attach(bench.model, dropping());
    adapter.active = false;
    await refused({}, 'nothing is trainable');
    adapter.detach();
  });

  test('when an option is out of its range, or there is no data', async () => {
    const adapter = attach(bench.model, dropping());
    await refused({ learningRate: Number.NaN }, '[peftjs/train] learningRate is NaN; give a number of 0 or more');
    await refused({ learningRate: -1 }, 'learningRate is -1');
    await refused({ accumulate: 0 }, '[peftjs/train] accumulate is 0; give a whole number above 0');
    await refused({ epochs: 0.5 }, 'epochs is 0.5');
    await refused({ steps: 0 }, 'steps is 0');
    await refused({}, '[peftjs/train] the data has no batch', { size: 0, get: () => rows(0, [1]) });
    await refused({}, '[peftjs/train] no target of step 1 counts; every label is -100', {
      size: 1,
      get: () => rows(0, [1]),
    });
    adapter.detach();
  });

  test('when a loss is not finite, before it reaches the parameters', async () => {
    const adapter = attach(bench.model, lora({ r: 2, init: noisy }));
    for (const { variable } of adapter.parameters) {
      const huge = fill(variable.shape, 1e30);
      variable.assign(huge);
      huge.dispose();
    }
    const before = adapter.parameters.map((p) => [...p.variable.dataSync()]);
    await refused({}, '[peftjs/train] step 1: the loss is NaN and the gradient');
    await refused({ evaluate: { batches: batches(1) } }, '[peftjs/train] the evaluation loss is NaN');
    expect(adapter.parameters.map((p) => [...p.variable.dataSync()])).toEqual(before);
    adapter.detach();
  });
});
