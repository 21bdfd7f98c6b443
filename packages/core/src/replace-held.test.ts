import { fill, memory } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { coarse } from '../test/coarse.ts';
import { low, normed } from '../test/methods.ts';
import { withHost } from '../test/with-host.ts';
import { attach } from './attach.ts';
import type { BaseModel } from './host.ts';
import { merge } from './merge.ts';
import { replaceHeld } from './replace-held.ts';
import { storeWeights } from './store-weights.ts';

const bench = withHost();
const tuned: BaseModel = { name: 'tuned', fingerprint: async () => 'sha256:tuned' };
const UP = 'model.layers.0.mlp.up_proj';

/** The host, which says what it holds, and other numbers for a matrix, its bias, and a shared table in another storage. */
function scene() {
  const { host } = bench;
  const up = host.site(UP);
  const table = host.embedding.weight;
  const stored = () => [
    { name: `${UP}.weight`, shape: [up.outDim, up.inDim], held: up.weight },
    { name: `${UP}.bias`, shape: [up.outDim], held: up.bias },
    { name: 'model.embed_tokens.weight', shape: [table.outDim, table.inDim], held: host.embedding.weight },
  ];
  Object.assign(host, { stored });
  const [weight, bias] = [fill([up.outDim, up.inDim], 0.5), fill([up.outDim], 2)];
  const next = coarse(0.25)(new Float32Array(table.outDim * table.inDim).fill(0.25), table.outDim, table.inDim);
  const replacements = [
    { held: up.weight, next: weight },
    { held: up.bias!, next: bias },
    { held: table, next },
  ];
  const free = () => {
    for (const { next: one } of replacements) one.dispose();
  };
  return { host, up, table, next, replacements, free };
}

test('puts numbers and weights in place wherever they are held, and the very same back', () => {
  const { host, up, table, next, replacements, free } = scene();
  const [plain, base, tensors, own] = [bench.output(), host.base, memory().numTensors, up.weight];
  const undo = replaceHeld(host, replacements, tuned);
  expect([host.base, host.embedding.weight, host.site('lm_head').weight]).toEqual([tuned, next, next]);
  expect([up.weight, up.bias!.dataSync()[0], up.weight.variable!.dataSync()[0]]).toEqual([own, 2, 0.5]);
  expect(bench.output()).not.toEqual(plain);
  undo();
  undo();
  expect([host.base, host.embedding.weight, host.site('lm_head').weight]).toEqual([base, table, table]);
  expect(bench.output()).toEqual(plain);
  expect(memory().numTensors).toBe(tensors);
  free();
});

test('adapters stay, and derive anew', () => {
  const { host, replacements, free } = scene();
  const adapter = attach(host, normed(['up_proj']));
  const derived = () => Object.values(adapter.attachments[0]!.derived).map((t) => [...t.dataSync()]);
  const before = derived();
  const undo = replaceHeld(host, replacements, tuned);
  expect(derived()).not.toEqual(before);
  undo();
  expect(derived()).toEqual(before);
  adapter.detach();
  free();
});

test('is all or nothing, there and back', async () => {
  const { host, up, table, replacements, free } = scene();
  const [plain, { setWeight }] = [bench.output(), host];
  // The table is tied: the embedding has it already when the output fails.
  host.setWeight = (site, ...rest) => {
    if (site.path === 'lm_head') throw new RangeError('no memory');
    return setWeight(site, ...rest);
  };
  expect(() => replaceHeld(host, replacements, tuned)).toThrow('no memory');
  host.setWeight = setWeight;
  expect([host.base.name, bench.output(), host.embedding.weight]).toEqual(['tiny', plain, table]);
  const wrong = [...replacements, { held: up.bias!, next: replacements[0]!.next }];
  expect(() => replaceHeld(host, wrong, tuned)).toThrow();
  expect([host.base.name, bench.output()]).toEqual(['tiny', plain]);
  replaceHeld(host, [], tuned)();
  expect(host.base.name).toBe('tiny');
  const undo = replaceHeld(host, replacements, tuned);
  const output = bench.output();
  const stored = await storeWeights(host, coarse(1e-4), { targets: { modules: ['up_proj'] } });
  expect(() => undo()).toThrow(`"${UP}.weight" has changed since; undo that first`);
  stored.undo();
  const other = fill(up.weight.variable!.shape, 1);
  const kept = up.weight.variable!.clone();
  up.weight.variable!.assign(other);
  expect(() => undo()).toThrow('has changed since');
  up.weight.variable!.assign(kept);
  for (const one of [other, kept]) one.dispose();
  expect(bench.output()).toEqual(output);
  undo();
  expect(bench.output()).toEqual(plain);
  free();
});

test('waits for a merged adapter', async () => {
  const { host, replacements, free } = scene();
  const adapter = attach(host, low(['down_proj']));
  const unmerge = await merge(adapter);
  expect(() => replaceHeld(host, replacements, tuned)).toThrow(
    '[peftjs/core] "default" has changed the base\'s weights; unmerge it, or detach it, before making it "tuned"',
  );
  unmerge();
  adapter.detach();
  free();
});
