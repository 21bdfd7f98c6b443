import { diskFolder, loadAdapter } from '@peftjs/checkpoint';
import { type Adapter, attach, type Method, restore, type SavedTensor } from '@peftjs/core';
import { type CausalLM, loadModel } from '@peftjs/models';
import { openSafetensors } from '@peftjs/safetensors';
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { constant, type StateStore, type TrainState, train } from '@peftjs/train';
import { tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it, test } from 'vitest';
import { batchOf, logitsOf, withModel } from '../test/tiny-model.ts';
import { lstm } from './lstm.ts';
import { mlp } from './mlp.ts';
import { pTuning } from './p-tuning.ts';
import { prefixTuning } from './prefix-tuning.ts';
import { readPrefixTuning, readPTuning } from './read-prompts.ts';

const bench = withModel();
const families = [readPrefixTuning(), readPTuning()];
const cases = new URL('../../../golden/cases/', import.meta.url).pathname;
const BATCH = batchOf([
  [3, 1, 4, 1, 5],
  [2, 7, 16],
]);

const promptOf = async (adapter: Adapter) =>
  (await adapter.snapshot()).tensors.find(({ key }) => key === 'prompt_embeddings') as SavedTensor;

/** The case's prompt, from our encoder with the numbers of torch's. */
async function encoded(name: string, method: Method): Promise<{ ours: SavedTensor; theirs: SavedTensor }> {
  const source = await diskFolder(cases + name).open('expect.safetensors');
  const expected = await openSafetensors(source as NonNullable<typeof source>);
  const model = (await loadModel(diskFolder(`${cases}${name}/base`))) as CausalLM;
  const adapter = attach(model, method);
  const numbers = [...expected.tensors.keys()].filter((key) => key.startsWith('encoder.'));
  expect(adapter.parameters.map(({ key }) => key.replace('prompt_', '')).sort()).toEqual(numbers.sort());
  for (const { key, variable } of adapter.parameters) {
    const value = tensor(await expected.readFloat32(key.replace('prompt_', '')), variable.shape);
    variable.assign(value);
    value.dispose();
  }
  const ours = await promptOf(adapter);
  const theirs = (await loadAdapter(`${cases}${name}/adapter`)).tensors.find(({ key }) => key === 'prompt_embeddings');
  adapter.detach();
  model.dispose();
  return { ours, theirs: theirs as SavedTensor };
}

describe('encoders make the prompt that torch makes', () => {
  it.for<[string, () => Method]>([
    ['prefix-projection', () => prefixTuning({ tokens: 4, projection: { hidden: 12 } })],
    ['p-tuning', () => pTuning({ tokens: 4, encoder: mlp({ hidden: 12 }) })],
    ['p-tuning-lstm', () => pTuning({ tokens: 4, encoder: lstm({ hidden: 6 }) })],
    ['gpt2-p-tuning-lstm', () => pTuning({ tokens: 4, encoder: lstm({ hidden: 6, layers: 1 }) })],
  ])('%s', async ([name, make]) => {
    const { ours, theirs } = await encoded(name, make());
    expect(ours.shape).toEqual(theirs.shape);
    expect(relativeError(ours.data, theirs.data)).toBeLessThanOrEqual(TOLERANCES.kernel);
  });
});

const ENCODED: readonly (readonly [string, () => Method])[] = [
  ['a projection', () => prefixTuning({ tokens: 3, projection: { hidden: 5 } })],
  ['a perceptron', () => pTuning({ tokens: 3, encoder: mlp({ hidden: 5 }) })],
  ['an LSTM', () => pTuning({ tokens: 3, encoder: lstm({ hidden: 3, dropout: 0.2 }) })],
];

function storeOf(): StateStore & { state: TrainState | null } {
  const store = {
    state: null as TrainState | null,
    save: async (state: TrainState) => {
      store.state = structuredClone(state);
    },
    load: async () => structuredClone(store.state),
  };
  return store;
}

describe.for(ENCODED)('%s', ([, make]) => {
  it('is left behind in the files, which give the same prompt and go on training', async () => {
    const { model } = bench;
    const adapter = attach(model, make(), { seed: 3 });
    const before = logitsOf(model, BATCH);
    const saved = await adapter.snapshot();
    expect(saved.tensors.map(({ key }) => key)).toEqual(['prompt_embeddings']);
    expect(adapter.parameters.every(({ saved: inFiles, trainable }) => trainable && !inFiles)).toBe(true);
    adapter.detach();

    const again = await restore(model, saved, families);
    expect(logitsOf(model, BATCH)).toEqual(before);
    expect(again.parameters.map(({ key }) => key)).toEqual(['prompt_embeddings']);
    const losses: number[] = [];
    const options = { learningRate: 0.05, steps: 4, schedule: constant };
    for await (const event of train(model, { size: 1, get: () => BATCH }, options))
      if (event.type === 'step') losses.push(event.loss);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    expect((await again.snapshot()).config).toEqual(saved.config);
    again.detach();
  });

  it("goes on from a run's state as if the run had never stopped", async () => {
    const { model } = bench;
    const batches = { size: 1, get: () => BATCH };
    const run = async (store: StateStore, stopAfter = 9) => {
      const adapter = attach(model, make(), { seed: 3 });
      const losses: number[] = [];
      for await (const event of train(model, batches, { learningRate: 0.05, steps: 5, store, saveEvery: 1 })) {
        if (event.type === 'step') losses.push(event.loss);
        if (event.type === 'saved' && event.step === stopAfter) break;
      }
      const prompt = await promptOf(adapter);
      adapter.detach();
      return { losses, prompt };
    };
    const whole = await run(storeOf());
    const store = storeOf();
    const first = await run(store, 2);
    expect(store.state?.tensors.map(({ key }) => key)).toContain('prompt_encoder.embedding.weight');
    const rest = await run(store);
    expect([...first.losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.prompt).toEqual(whole.prompt);
    expect(first.prompt).not.toEqual(whole.prompt);
  });
});

test('an LSTM of several layers drops between them in training alone, the same for the same seed', () => {
  const { model } = bench;
  const adapter = attach(model, pTuning({ tokens: 4, encoder: lstm({ hidden: 6, dropout: 0.5 }) }), { seed: 1 });
  const said = (training: boolean, seed: number) => logitsOf(model, BATCH, { training, seed });
  expect(said(true, 1)).toEqual(said(true, 1));
  expect(said(true, 1)).not.toEqual(said(true, 2));
  expect(said(true, 1)).not.toEqual(said(false, 1));
  expect(said(false, 1)).toEqual(said(false, 2));
  adapter.detach();
});

test('a projection that starts at zero gives the prefix of a table of zeros', () => {
  const { model } = bench;
  const said = [{}, { projection: { hidden: 5 } }].map((more) => {
    const adapter = attach(model, prefixTuning({ tokens: 3, zero: true, ...more }), { seed: 1 });
    const found = logitsOf(model, BATCH);
    adapter.detach();
    return found;
  });
  expect(said[1]).toEqual(said[0]);
  expect(said[0]).not.toEqual(logitsOf(model, BATCH));
});
