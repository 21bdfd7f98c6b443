import { layerNorm, normal, random, valueAndGrads } from '@peftjs/backend';
import { memoryFolder } from '@peftjs/checkpoint';
import { attach, type Context, countParameters, dense, merge, restore } from '@peftjs/core';
import { lora, noisy, readLora } from '@peftjs/lora';
import { relu, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { expectNear, guardTensors, tensorsOf } from '../test/tiny-llama.ts';
import { valuesOf } from '../test/tiny-models.ts';
import { defineHost } from './define-host.ts';
import { saveModel } from './save-model.ts';

guardTensors();

const numbers = (seed: number, ...shape: number[]): Tensor =>
  tensor(
    normal(
      random(seed),
      shape.reduce((n, d) => n * d, 1),
      0.5,
    ),
    shape,
  );

/** Two linear layers; what was given is disposed. */
function twoLayers(name = 'two layers') {
  const { host, site } = defineHost(name);
  const given = [numbers(1, 5, 3), numbers(2, 5), numbers(3, 2, 5)] as const;
  const [w1, b1, w2] = given;
  const up = site.linear('up', w1, b1);
  const down = site.linear('down', w2, null, { role: 'head' });
  for (const t of given) t.dispose();
  const x = numbers(4, 4, 3);
  const forward = (ctx?: Context) => tidy(() => down(relu(up(x, ctx)), ctx));
  return { host, site, forward, dispose: () => [host, x].map((one) => one.dispose()) };
}

test('runs what it was given, and takes adapters on it', async () => {
  const { host, forward, dispose } = twoLayers();
  const plain = valuesOf(forward());
  expect(host.sites().map(({ path, role }) => [path, role])).toEqual([
    ['up', 'linear'],
    ['down', 'head'],
  ]);
  expect(countParameters(host)).toBe(5 * 3 + 5 + 2 * 5);

  const adapter = attach(host, lora({ r: 2, init: noisy }));
  expect(adapter.parameters.map(({ key }) => key)).toEqual([
    'base_model.model.up.lora_A.weight',
    'base_model.model.up.lora_B.weight',
  ]);
  const adapted = valuesOf(forward());
  expect(adapted).not.toEqual(plain);
  tidy(() => {
    const variables = adapter.parameters.map(({ variable }) => variable);
    for (const g of valueAndGrads(() => tidy(() => sum(forward())), variables).grads)
      expect(g?.dataSync().some((v) => v !== 0)).toBe(true);
  });
  const unmerge = await merge(adapter, { probe: () => forward() });
  expectNear(valuesOf(forward()), adapted);
  unmerge();

  const saved = await adapter.snapshot();
  adapter.detach();
  expect(valuesOf(forward())).toEqual(plain);
  const again = await restore(host, saved, [readLora()]);
  expect(valuesOf(forward())).toEqual(adapted);
  again.detach();
  dispose();
});

test('is told apart from another by its numbers, whatever is merged into it meanwhile', async () => {
  const [one, two] = [twoLayers('a'), twoLayers('b')];
  expect(await one.host.base.fingerprint()).toBe(await two.host.base.fingerprint());
  const bias = numbers(7, 2);
  const other = defineHost('a');
  other.site.linear('up', dense(Float32Array.of(1, 2), 2, 1), bias);
  bias.dispose();
  expect(await other.host.base.fingerprint()).not.toBe(await one.host.base.fingerprint());
  const adapter = attach(one.host, lora({ r: 1, init: noisy }));
  const before = await one.host.base.fingerprint();
  await merge(adapter);
  expect(await one.host.base.fingerprint()).toBe(before);
  adapter.detach();
  other.host.dispose();
  one.dispose();
  two.dispose();
});

test('is trained whole, and saved, under its own names', async () => {
  const { host, forward, dispose } = twoLayers();
  const names = ['up.weight', 'up.bias', 'down.weight'];
  const { parameters } = host.parameters();
  expect(parameters.map(({ key }) => key)).toEqual(names);
  tidy(() => {
    const { grads } = valueAndGrads(
      () => tidy(() => sum(forward())),
      parameters.map(({ variable }) => variable),
    );
    expect(grads.map((g) => g?.shape)).toEqual([[5, 3], [5], [2, 5]]);
  });
  const folder = memoryFolder();
  await saveModel(host, folder);
  expect((await tensorsOf(folder.files)).map(({ name }) => name).sort()).toEqual([...names].sort());
  dispose();
});

describe('a path', () => {
  test('is taken once for each kind', () => {
    const { site, dispose } = twoLayers();
    const weight = numbers(1, 2, 2);
    expect(() => site.linear('up', weight)).toThrow(
      '[peftjs/models] "two layers" has a linear "up" already; give each a path of its own',
    );
    weight.dispose();
    site.stream('up', 5);
    dispose();
  });
});

test('norms keep a function of their own', () => {
  const { host, site } = defineHost('norms');
  const [gamma, beta, x] = [numbers(1, 3), numbers(2, 3), numbers(3, 2, 3)];
  const norm = site.norm('norm', gamma, beta, (n) =>
    layerNorm({ x: n.x, gamma: n.gamma, beta: n.beta as Tensor }, { eps: 1e-5 }),
  );
  const bare = layerNorm({ x, gamma, beta }, { eps: 1e-5 });
  expect(valuesOf(norm(x))).toEqual(valuesOf(bare));
  for (const t of [gamma, beta, x, host]) t.dispose();
});
