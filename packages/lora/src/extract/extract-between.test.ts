import { attach, type ConvSite, dense, type Host, type LinearSite, merge, restore } from '@peftjs/core';
import { add, fill, type Variable } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TinyHost, tinyHost } from '../../../core/test/tiny-host.ts';
import { expectClose, withHost } from '../../../core/test/with-host.ts';
import { changeOf, distance, numbers } from '../../test/snapshots.ts';
import { dora } from '../dora.ts';
import { noisy } from '../initializers.ts';
import { readLora } from '../read-lora.ts';
import { weightsOf } from './base-weight.ts';
import { extractLoraBetween } from './extract-between.ts';

const bench = withHost();
let tuned: TinyHost;
beforeEach(() => {
  tuned = tinyHost();
});
afterEach(() => tuned.dispose());

/** Trains the other model: DoRA, whose change has the full rank, merged for good. */
async function train(): Promise<number[]> {
  const adapter = attach(tuned, dora({ r: 2, targets: ['up_proj', 'embed_tokens'], init: noisy }), { seed: 3 });
  for (const { variable } of adapter.parameters) shift(variable);
  await merge(adapter, { final: true });
  const out = tuned.run(bench.ids);
  const values = [...out.dataSync()];
  out.dispose();
  return values;
}

function shift(variable: Variable): void {
  const step = fill(variable.shape, 0.3);
  const moved = add(variable, step);
  variable.assign(moved);
  for (const t of [step, moved]) t.dispose();
}

test('on the base the adapter does what the tuned model does', async () => {
  const expected = await train();
  const before = bench.output();
  const saved = await extractLoraBetween(bench.host, tuned, { energy: 1 });
  const adapter = await restore(bench.host, saved, [readLora()]);
  expectClose(bench.output(), expected, 1e-4);
  adapter.detach();
  expect(before.some((v, k) => Math.abs(v - (expected[k] as number)) > 1e-2)).toBe(true);
  expect(saved.config.target_modules).toEqual(
    ['embed_tokens', 'layers.0.mlp.up_proj', 'layers.1.mlp.up_proj'].map((name) => `model.${name}`),
  );
  expect(saved.provenance?.base.fingerprint).toBe('sha256:tiny');
});

test('what LoRA has no place for is refused, or left out when that is asked for', async () => {
  await train();
  shift(tuned.site('model.layers.1.mlp.up_proj').bias as Variable);
  await expect(extractLoraBetween(bench.host, tuned, { r: 1 })).rejects.toThrow(
    '[peftjs/lora] "model.layers.1.mlp.up_proj.bias" has changed too, and LoRA has no place for it; leave biases and norms out with matricesOnly',
  );
  const saved = await extractLoraBetween(bench.host, tuned, { r: 1 }, { matricesOnly: true });
  expect(saved.sites.every(({ rank }) => rank === 1)).toBe(true);
});

test('a convolution keeps the shape of its filters, and says what its files hold the other way round', async () => {
  const host = (seed: number): Host => {
    const conv: ConvSite = {
      ...{ kind: 'conv', path: 'conv', role: 'conv', inDim: 3, outDim: 4, kernel: [2, 2], bias: null },
      weight: dense(numbers([seed], 4 * 12), 4, 12),
      convolve: (x) => x,
    };
    const weight = dense(numbers([seed], 36), 9, 4);
    const turned: LinearSite = { ...tuned.site('lm_head'), path: 'turned', transposed: true, weight };
    return { ...bench.host, sites: () => [conv, turned] };
  };
  const [one, two] = [host(1), host(2)];
  const saved = await extractLoraBetween(one, two, { energy: 1 });
  expect(saved.tensors.slice(0, 2).map(({ shape }) => shape)).toEqual([
    [4, 3, 2, 2],
    [4, 4, 1, 1],
  ]);
  expect(saved.config.fan_in_fan_out).toBe(true);
  const [before, after] = [numbers([1], 48), numbers([2], 48)];
  const change = Array.from(after, (v, k) => v - (before[k] as number));
  expect(distance(changeOf(saved, 'conv'), change)).toBeLessThan(1e-6);
  for (const site of [...one.sites(), ...two.sites()]) (site as ConvSite).weight.dispose();
});

test('models of other modules are refused', async () => {
  const sites = (change: (all: ReturnType<TinyHost['sites']>) => ReturnType<TinyHost['sites']>) => ({
    ...tuned,
    sites: () => change(tuned.sites()),
  });
  const cases = [
    [
      sites((all) => all.map((s) => (s.path === 'lm_head' ? { ...s, path: 'head' } : s))),
      'the tuned model has no "lm_head"; nearest: "head"',
    ],
    [
      sites((all) => [...all, { ...tuned.site('lm_head'), path: 'more' }]),
      'the base has no "more", which the tuned model has',
    ],
    [
      sites((all) =>
        all.map((s) => (s.path === 'lm_head' ? { ...tuned.site('model.layers.0.mlp.up_proj'), path: 'lm_head' } : s)),
      ),
      '"lm_head" is linear 9 x 4 in the base and linear 6 x 4 in the tuned model',
    ],
  ] as const;
  for (const [other, message] of cases)
    await expect(extractLoraBetween(bench.host, other, { r: 1 })).rejects.toThrow(`[peftjs/lora] ${message}`);
});

test('weightsOf reads tables, norms and biases, and names the nearest of what is not there', async () => {
  const read = weightsOf(bench.host);
  expect(await read('model.embed_tokens')).toMatchObject({ outDim: 9, inDim: 4, bias: null });
  expect(await read('model.norm')).toMatchObject({ outDim: 4, inDim: 1, bias: null });
  const up = bench.host.site('model.layers.0.mlp.up_proj');
  expect((await read(up.path)).bias).toEqual(up.bias?.dataSync());
  await expect(read('model.layers.0.mlp.up_prj')).rejects.toThrow(
    'the model has no weight at "model.layers.0.mlp.up_prj"; nearest: "model.layers.0.mlp.up_proj"',
  );
});
