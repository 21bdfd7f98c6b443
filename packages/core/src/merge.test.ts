import { memory, mul, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { beside, liar, low, normed, rebiased, shrinking, whole } from '../test/methods.ts';
import { expectClose, withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import { merge } from './merge.ts';
import { modulesToSave } from './modules-to-save.ts';

const bench = withHost();
const probe = () => bench.host.run(bench.ids);

test('a merged adapter computes the same without its links; unmerging puts the weights back bit for bit', async () => {
  const { host } = bench;
  const base = bench.output();
  const adapter = attach(host, [normed(['down_proj']), beside(low(['up_proj'])), modulesToSave(['lm_head'])]);
  const apart = bench.output();
  const tensors = memory().numTensors;
  const unmerge = await merge(adapter, { probe });
  expect(adapter.active).toBe(false);
  expectClose(bench.output(), apart);
  expect(bench.output()).not.toEqual(base);
  unmerge();
  unmerge();
  expect(adapter.active).toBe(true);
  expect(bench.output()).toEqual(apart);
  expect(memory().numTensors).toBe(tensors);
  adapter.detach();
  expect(bench.output()).toEqual(base);
});

test('detaching a merged adapter takes it out of the weights too', async () => {
  const { host } = bench;
  const base = bench.output();
  const adapter = attach(host, shrinking(['up_proj', 'down_proj']));
  const unmerge = await merge(adapter, { probe });
  adapter.detach();
  unmerge();
  expect(bench.output()).toEqual(base);
});

test('a tied output stays what it was when the table is merged', async () => {
  const { host } = bench;
  const table = host.embedding.weight;
  const adapter = attach(host, whole(['embed_tokens']));
  const unmerge = await merge(adapter);
  expect(host.embedding.weight).not.toBe(table);
  expect(host.site('lm_head').weight).toBe(table);
  unmerge();
  expect(host.embedding.weight).toBe(table);
  adapter.detach();
});

describe('a probe that changes', () => {
  test('refuses the merge and puts everything back', async () => {
    const { host } = bench;
    const adapter = attach(host, [liar(['down_proj']), beside(low(['up_proj']))], { name: 'notes' });
    const apart = bench.output();
    const tensors = memory().numTensors;
    await expect(merge(adapter, { probe })).rejects.toThrow(
      /^\[peftjs\/core\] merging "notes" changes the model's output by \d\.\d+e[+-]\d+, over the tolerance of 0\.0001; nothing was merged/,
    );
    expect(adapter.active).toBe(true);
    expect(bench.output()).toEqual(apart);
    expect(memory().numTensors).toBe(tensors);
    await expect(merge(adapter, { probe, final: true })).rejects.toThrow('nothing was merged');
    expect(bench.output()).toEqual(apart);
    const unmerge = await merge(adapter, { probe, tolerance: 1e6 });
    unmerge();
    adapter.detach();
  });

  test('refuses numbers that are none', async () => {
    const { host } = bench;
    const nan = low(['down_proj'], { fold: ({ weight, bias }) => ({ weight: mul(weight, Number.NaN), bias }) });
    const adapter = attach(host, nan);
    await expect(merge(adapter, { probe })).rejects.toThrow('output by NaN');
    adapter.detach();
  });
});

test('a merge that fails half way, or whose probe does, puts everything back', async () => {
  const { host } = bench;
  const failing = low('all-linear', {
    fold: ({ weight, bias, site }) => {
      if (site.path.includes('layers.1')) throw new Error('the disk is full');
      return { weight, bias };
    },
  });
  const adapter = attach(host, failing);
  const apart = bench.output();
  const tensors = memory().numTensors;
  await expect(merge(adapter, { probe })).rejects.toThrow('the disk is full');
  let runs = 0;
  const once = (): Tensor => {
    if (runs++ > 0) throw new Error('the probe failed');
    return probe();
  };
  const sound = attach(host, low(['up_proj']), { name: 'sound' });
  adapter.active = false;
  const before = bench.output();
  await expect(merge(sound, { probe: once })).rejects.toThrow('the probe failed');
  expect(bench.output()).toEqual(before);
  sound.detach();
  adapter.active = true;
  expect(bench.output()).toEqual(apart);
  expect(memory().numTensors).toBe(tensors);
  adapter.detach();
});

describe('refused before anything is changed', () => {
  test('a method without a fold', async () => {
    const { host } = bench;
    const { on, ...method } = low(['up_proj']);
    const { fold: _, ...part } = on.linear as NonNullable<typeof on.linear>;
    const adapter = attach(host, { ...method, on: { linear: part } });
    await expect(merge(adapter)).rejects.toThrow('LOW at "model.layers.0.mlp.up_proj" cannot be merged');
    adapter.detach();
  });

  test('an adapter that is merged already, or switched off', async () => {
    const adapter = attach(bench.host, low(['up_proj']), { name: 'notes' });
    const unmerge = await merge(adapter);
    await expect(merge(adapter)).rejects.toThrow('"notes" is merged already; unmerge it first');
    unmerge();
    adapter.active = false;
    await expect(merge(adapter)).rejects.toThrow('"notes" is switched off; switch it on first');
    adapter.detach();
  });

  test('another adapter beneath, until it is merged itself', async () => {
    const { host } = bench;
    const below = attach(host, low(['up_proj']), { name: 'below' });
    const above = attach(host, low(['up_proj', 'down_proj']), { name: 'above' });
    const apart = bench.output();
    await expect(merge(above)).rejects.toThrow(
      '"below" lies beneath "above" at "model.layers.0.mlp.up_proj"; merge or detach it first',
    );
    const unmergeBelow = await merge(below, { probe });
    const unmergeAbove = await merge(above, { probe });
    expectClose(bench.output(), apart);
    const both = bench.output();
    expect(unmergeBelow).toThrow('has changed since; undo that first');
    expect(() => below.detach()).toThrow('has changed since; undo that first');
    expect(bench.output()).toEqual(both);
    unmergeAbove();
    unmergeBelow();
    expect(bench.output()).toEqual(apart);
    above.detach();
    below.detach();
  });

  test('a method above that reads the weight, in another adapter or in the same', async () => {
    const { host } = bench;
    const below = attach(host, low(['up_proj']), { name: 'below' });
    const above = attach(host, normed(['up_proj']), { name: 'above' });
    await expect(merge(below)).rejects.toThrow('"above" at "model.layers.0.mlp.up_proj" reads the weight');
    above.detach();
    below.detach();
    const both = attach(host, [low(['up_proj']), beside(normed(['up_proj']))]);
    await expect(merge(both)).rejects.toThrow('NORMED at "model.layers.0.mlp.up_proj" reads the weight');
    both.detach();
  });
});

test('a bias that something above reads is not merged, in another adapter or in the same; a weight is', async () => {
  const { host } = bench;
  const above = () => attach(host, rebiased(['layers.1.mlp.up_proj']), { name: 'above', seed: 2 });
  const why = '"above" at "model.layers.1.mlp.up_proj" reads the bias that merging would change';
  const below = attach(host, [low(['down_proj']), modulesToSave(['up_proj'])], { name: 'below', seed: 1 });
  const first = above();
  const apart = bench.output();
  const tensors = memory().numTensors;
  await expect(merge(below)).rejects.toThrow(why);
  expect(bench.output()).toEqual(apart);
  expect(memory().numTensors).toBe(tensors);
  first.detach();
  await merge(below, { probe });
  const later = above();
  await merge(later, { probe });
  for (const adapter of [later, below]) adapter.detach();

  const harmless = attach(host, low(['up_proj']), { name: 'harmless', seed: 3 });
  const reader = above();
  await merge(harmless, { probe });
  for (const adapter of [reader, harmless]) adapter.detach();
  const both = attach(host, [rebiased(['up_proj']), beside(rebiased(['layers.1.mlp.up_proj']))], { name: 'above' });
  await expect(merge(both)).rejects.toThrow(why);
  both.detach();
});

describe('final', () => {
  test('leaves the merged weights alone, and frees the adapter and what was before', async () => {
    const { host } = bench;
    const counts = () => [memory().numTensors, memory().numBytes];
    const before = counts();
    const adapter = attach(host, [shrinking(['up_proj', 'down_proj']), modulesToSave(['lm_head'])]);
    const apart = bench.output();
    await merge(adapter, { probe, final: true });
    expectClose(bench.output(), apart);
    // The tied output has a matrix of its own now.
    expect(memory().numTensors).toBe((before[0] as number) + 1);
    const again = attach(host, low(['up_proj']), { name: adapter.name });
    again.detach();
    expectClose(bench.output(), apart);
  });

  test('keeps a weight that another site shares', async () => {
    const { host } = bench;
    const adapter = attach(host, whole(['embed_tokens']));
    const apart = bench.output();
    await merge(adapter, { probe, final: true });
    expectClose(bench.output(), apart);
    expect(host.embedding.weight).not.toBe(host.site('lm_head').weight);
  });

  test('refuses where another adapter may want its weight back', async () => {
    const { host } = bench;
    const below = attach(host, low(['up_proj']), { name: 'below' });
    const above = attach(host, low(['up_proj']), { name: 'above' });
    const unmerge = await merge(below);
    await expect(merge(above, { final: true })).rejects.toThrow(
      '"below" has changed the weight at "model.layers.0.mlp.up_proj" and may want it back',
    );
    unmerge();
    const apart = bench.output();
    await merge(below, { final: true, probe });
    await merge(above, { final: true, probe });
    expectClose(bench.output(), apart);
  });
});
