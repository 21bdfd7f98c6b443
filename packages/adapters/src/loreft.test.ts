import { attach, type Context, type Json, modulesToSave } from '@peftjs/core';
import type { CausalLM, TokenBatch } from '@peftjs/models';
import { disturb } from '@peftjs/testing/suites';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectClose } from '../../core/test/with-host.ts';
import { withLlama } from '../test/with-llama.ts';
import { type LoreftOptions, loreft } from './loreft.ts';
import { readLoreft } from './read-loreft.ts';

const bench = withLlama();
const ctx: Context = { training: false, seed: 0 };

test('starts with orthonormal rows', () => {
  const adapter = attach(bench.one.host, loreft({ r: 16, layers: [0] }));
  const rows = adapter.attachments[0]?.params.rotate as Tensor2D;
  const values = rows.arraySync();
  const products = values.flatMap((a) => values.map((b) => a.reduce((sum, v, k) => sum + v * (b[k] as number), 0)));
  expectClose(
    products,
    products.map((_, k) => (k % 17 === 0 ? 1 : 0)),
    1e-6,
  );
  adapter.detach();
});

test('stands after the blocks that are named by number', () => {
  const adapter = attach(bench.one.host, loreft({ r: 2, layers: [1] }));
  expect(adapter.parameters.map(({ key, variable }) => [key, variable.shape])).toEqual([
    ['base_model.model.model.layers.1.reft_rotate.weight', [2, 16]],
    ['base_model.model.model.layers.1.reft_source.weight', [2, 16]],
    ['base_model.model.model.layers.1.reft_source.bias', [2]],
  ]);
  adapter.detach();
});

function tokens(ids: readonly number[]): TokenBatch {
  return { inputIds: Int32Array.from(ids), attentionMask: new Int32Array(ids.length).fill(1), shape: [1, ids.length] };
}

function read(x: Tensor): readonly number[] {
  const values = [...x.dataSync()];
  x.dispose();
  return values;
}

test('edits the prompt when a cache is filled, and nothing that follows it', () => {
  const model = bench.one.host as CausalLM;
  const adapter = attach(model, loreft({ r: 4, first: 1, last: 1 }));
  disturb(adapter, 3);
  const first = model.step(tokens([3, 5, 8]), null, ctx);
  const second = model.step(tokens([2]), first.cache, ctx);
  const prompt = read(model.logits(tokens([3, 5, 8]), ctx)).slice(-23);
  expectClose(read(first.logits), prompt, 1e-5);
  // The same keys and values, but another edit: what follows the prompt does not depend on it.
  disturb(adapter, 4);
  const other = model.step(tokens([2]), first.cache, ctx);
  expect(read(other.logits)).toEqual(read(second.logits));
  expect(read(model.logits(tokens([3, 5, 8]), ctx)).slice(-23)).not.toEqual(prompt);
  for (const { cache } of [first, second, other]) {
    for (const tensor of [...cache.blocks.flatMap(({ k, v }) => [k, v]), cache.mask]) tensor.dispose();
  }
  adapter.detach();
});

const wrong: [LoreftOptions, string][] = [
  [{ r: 0 }, 'r is 0; give a whole number above 0'],
  [{ first: -1 }, 'first is -1; give a whole number, 0 for none'],
  [{ last: 1.5 }, 'last is 1.5; give a whole number, 0 for none'],
  [{ first: 0, last: 0 }, 'first and last are both 0, so that nothing is edited; give one of them'],
  [{ layers: [0], targets: ['block'] }, 'layers and targets both name blocks; leave one out'],
  [{ layers: [] }, 'layers is empty; name some, or leave it out for all'],
];

test.each(wrong)('%o is refused', (options, message) => {
  expect(() => loreft(options)).toThrow(`[peftjs/adapters] ${message}`);
});

const unfit: [LoreftOptions, string][] = [
  [{ r: 17 }, 'LOREFT cannot act on "model.layers.0": r is 17, the stream is 16 wide; give at most that'],
  [{ layers: [0, 2] }, 'no site matches "2"; nearest: "'],
];

test.each(unfit)('%o is refused before anything is changed', (options, message) => {
  const before = bench.output();
  expect(() => attach(bench.one.host, loreft(options))).toThrow(message);
  expect(bench.output()).toEqual(before);
});

test('comes back from a snapshot with the head that was trained beside it', async () => {
  const adapter = attach(bench.one.host, [
    loreft({ r: 3, first: 2, last: 0, layers: [1] }),
    modulesToSave(['lm_head']),
  ]);
  const { config } = await adapter.snapshot();
  adapter.detach();
  expect(config).toMatchObject({ r: 3, first: 2, last: 0, target_modules: ['model.layers.1'] });
  const again = attach(bench.one.host, readLoreft().read(config));
  expect((await again.snapshot()).config).toEqual(config);
  again.detach();
});

const unread: [Record<string, Json>, string][] = [
  [{ r: '4' }, 'has r "4"; a number is needed'],
  [{ last: null }, 'has last null; a number is needed'],
  [{ target_modules: null }, 'has target_modules null; names are needed'],
  [{ dropout: 0.1 }, 'asks for "dropout", which is not supported'],
];

test.each(unread)('a configuration with %o is refused', (more, message) => {
  const config = { r: 4, first: 1, last: 1, target_modules: ['model.layers.0'] };
  expect(() => readLoreft().read({ ...config, ...more })).toThrow(message);
});
