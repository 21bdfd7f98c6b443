import { memory } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { coarse } from '../test/coarse.ts';
import { low, normed } from '../test/methods.ts';
import { expectClose, withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import { merge } from './merge.ts';
import { pin } from './pin.ts';
import type { Storage } from './storage.ts';
import { storeWeights } from './store-weights.ts';

const bench = withHost();
const probe = () => bench.host.run(bench.ids);
const fine = coarse(1e-4);

test('puts every linear layer but the output into another storage, and back bit for bit', async () => {
  const { host } = bench;
  const [plain, head, tensors] = [bench.output(), host.site('lm_head').weight, memory().numTensors];
  const up = host.site('model.layers.0.mlp.up_proj');
  const { change, bytes, undo } = await storeWeights(host, fine, { probe });
  expect(change).toBeGreaterThan(0);
  expect(change).toBeLessThan(1e-2);
  expect(bytes).toEqual({ before: 4 * 96, after: 96 });
  expect(up.weight.variable).toBeUndefined();
  expect(host.site('lm_head').weight).toBe(head);
  expectClose(bench.output(), plain, 1e-2);
  expect(bench.output()).not.toEqual(plain);
  undo();
  undo();
  expect(bench.output()).toEqual(plain);
  expect(memory().numTensors).toBe(tensors);
});

test('stores a shared weight once, among those that are named', async () => {
  const { host } = bench;
  const both = await storeWeights(host, fine, { targets: { modules: ['embed_tokens', 'lm_head'] } });
  expect(both.change).toBeNull();
  expect(host.embedding.weight).toBe(host.site('lm_head').weight);
  both.undo();
  const table = host.embedding.weight;
  const one = await storeWeights(host, fine, { targets: { modules: ['embed_tokens'] }, final: true });
  expect(host.embedding.weight).not.toBe(table);
  expect(host.site('lm_head').weight).toBe(table);
  one.undo();
  expect(host.embedding.weight).not.toBe(table);
});

test('frees what was before where that is final', async () => {
  const { host } = bench;
  const tensors = memory().numTensors;
  await storeWeights(host, fine, { final: true });
  expect(memory().numTensors).toBe(tensors);
});

test('refuses a change over the tolerance, and a number that is none, with everything as it was', async () => {
  const { host } = bench;
  const [plain, tensors] = [bench.output(), memory().numTensors];
  await expect(storeWeights(host, coarse(0.5), { probe, tolerance: 1e-3 })).rejects.toThrow(
    /^\[peftjs\/core\] storing the weights changes the model's output by \d\.\d+e[+-]\d+, over the tolerance of 0\.001; all are as they were/,
  );
  const none: Storage = (values, o, i) => fine(values.fill(Number.NaN), o, i);
  await expect(storeWeights(host, none, { probe })).rejects.toThrow('output by NaN');
  expect(bench.output()).toEqual(plain);
  expect(memory().numTensors).toBe(tensors);
});

test('names a weight that cannot be stored, and changes nothing', async () => {
  const { host } = bench;
  const [plain, tensors] = [bench.output(), memory().numTensors];
  const narrow: Storage = (values, o, i) => {
    if (i === 6) throw new Error('groups of 4 do not divide 6');
    return fine(values, o, i);
  };
  await expect(storeWeights(host, narrow)).rejects.toThrow(
    '[peftjs/core] the weight of "model.layers.0.mlp.down_proj" cannot be stored so; leave it out: groups of 4',
  );
  await expect(storeWeights(host, fine, { targets: { modules: ['up_prj'] } })).rejects.toThrow('nearest: "up_proj"');
  expect(bench.output()).toEqual(plain);
  expect(memory().numTensors).toBe(tensors);
});

test('computes again what adapters derive, and waits for requests', async () => {
  const { host } = bench;
  const adapter = attach(host, normed(['down_proj']));
  const { undo } = await storeWeights(host, coarse(0.3));
  const stored = bench.output();
  adapter.detach();
  const again = attach(host, normed(['down_proj']));
  expect(bench.output()).toEqual(stored);
  const request = pin(host);
  await expect(storeWeights(host, fine)).rejects.toThrow('1 request is under way');
  expect(undo).toThrow('1 request is under way');
  request.release();
  again.detach();
  undo();
});

test('leaves weights alone that an adapter may want back', async () => {
  const { host } = bench;
  const plain = bench.output();
  const adapter = attach(host, low(['up_proj']), { name: 'notes' });
  await merge(adapter);
  await expect(storeWeights(host, fine, { final: true })).rejects.toThrow('"notes" has changed the base');
  const { undo } = await storeWeights(host, fine);
  expect(() => adapter.detach()).toThrow('has changed since');
  undo();
  adapter.detach();
  expect(bench.output()).toEqual(plain);
});

test('a merge into few codes says that it is rounded again, and by how much', async () => {
  const { host } = bench;
  const { undo } = await storeWeights(host, coarse(0.25));
  const adapter = attach(host, low(['up_proj']));
  await expect(merge(adapter, { probe })).rejects.toThrow(
    /few bits, and what is merged into them is rounded .*qalora\(\)/,
  );
  const unmerge = await merge(adapter, { probe, tolerance: 10 });
  expect(unmerge.change).toBeGreaterThan(1e-4);
  unmerge();
  adapter.detach();
  undo();
});
