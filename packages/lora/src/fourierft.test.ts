import { attach, dense, type LinearSite, merge, type Part, restore } from '@peftjs/core';
import { type Tensor, tensor1d, tidy, zeros } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectClose, withHost } from '../../core/test/with-host.ts';
import { numbers } from '../test/snapshots.ts';
import { fourierft } from './fourierft.ts';
import { readFourierft } from './read-fourierft.ts';
import { torchPermutation, torchRandom } from './torch-random.ts';

const bench = withHost();
const targets = ['up_proj', 'down_proj'];

test('the change is the real part of the inverse transform of what lies at the drawn places', () => {
  const [o, i, n] = [5, 6, 7];
  const method = fourierft({ n, scaling: 12, places: 31, targets });
  const weight = dense(new Float32Array(o * i), o, i);
  const site: LinearSite = { kind: 'linear', path: 'x', role: '', outDim: o, inDim: i, weight, bias: null };
  tidy(() => {
    const specs = Object.entries(method.shared?.([site], [site]) ?? {});
    const shared = Object.fromEntries(specs.map(([name, { shape, init }]) => [name, init(shape, Math.random)]));
    const c = numbers([3], n);
    const args = { site, params: { c: tensor1d(c) }, shared, derived: {}, index: 0 };
    const part = method.on.linear as Part<'linear'>;
    const folded = part.fold?.({ ...args, weight: zeros([o, i]), bias: null }).weight as Tensor;
    const drawn = [...torchPermutation(torchRandom(31), o * i, n)];
    const expected = Array.from({ length: o * i }, (_, at) => {
      const [p, q] = [Math.floor(at / i), at % i];
      return drawn.reduce((sum, place, k) => {
        const [u, v] = [Math.floor(place / i), place % i];
        return sum + ((12 * (c[k] as number)) / (o * i)) * Math.cos(2 * Math.PI * ((u * p) / o + (v * q) / i));
      }, 0);
    });
    expectClose([...folded.dataSync()], expected, 1e-5);
  });
  weight.dispose();
});

test('layers of one shape share their tables, which are neither trained, saved nor counted', async () => {
  const adapter = attach(bench.host, fourierft({ n: 4, nPattern: { 'layers.1.mlp.up_proj': 3 }, targets }));
  const tables = adapter.parameters.filter(({ saved }) => !saved);
  expect(tables.map(({ variable }) => variable.shape)).toEqual(
    [
      [6, 4, 4],
      [4, 6, 4],
      [6, 4, 3],
    ].flatMap(([o, i, n]) => [
      [o, n],
      [o, n],
      [n, i],
      [n, i],
    ]),
  );
  expect(tables.some(({ trainable }) => trainable)).toBe(false);
  expect(adapter.summary()).toContain('trainable params: 15 ||');
  expect(adapter.summary()).toContain(`all params: ${36 + 4 * 24 + 2 * 6 + 4 + 15} ||`);
  const { tensors } = await adapter.snapshot();
  expect(tensors.map(({ key }) => key.split('.').at(-1))).toEqual(Array(4).fill('fourierft_spectrum'));
  adapter.detach();
});

test('comes back from a file, and merges', async () => {
  const adapter = attach(bench.host, fourierft({ n: 5, scaling: 2, places: 2, layers: [1], targets }), { seed: 3 });
  const saved = await adapter.snapshot();
  expect(saved.config).toMatchObject({ n_frequency: 5, scaling: 2, random_loc_seed: 2, init_weights: false });
  const changed = bench.output();
  adapter.detach();
  const again = await restore(bench.host, saved, [readFourierft()]);
  expect(bench.output()).toEqual(changed);
  await merge(again);
  expectClose(bench.output(), changed);
  again.detach();
});

test('refused', () => {
  expect(() => fourierft({ n: 0, targets })).toThrow('[peftjs/lora] n is 0; give a whole number above 0');
  expect(() => fourierft({ nPattern: { up_proj: 2.5 }, targets })).toThrow('n is 2.5');
  expect(() => attach(bench.host, fourierft({ n: 25, targets }))).toThrow(
    'FOURIERFT cannot act on "model.layers.0.mlp.up_proj": 25 coefficients are more than its 24 numbers',
  );
  const wide = { ...bench.host.site('model.layers.0.mlp.up_proj'), inDim: 214_748_364, outDim: 1 };
  const { check } = fourierft({ n: 2, targets }).on.linear as Part<'linear'>;
  expect(check?.(wide)).toBe('PEFT draws places among more than 214748363 numbers in another way');
  const config = { peft_type: 'FOURIERFT', target_modules: targets };
  expect(() => readFourierft().read({ ...config, bias: 'all' })).toThrow('has bias "all"');
  expect(() => readFourierft().read({ ...config, alpha: 3 })).toThrow('asks for "alpha"');
});
