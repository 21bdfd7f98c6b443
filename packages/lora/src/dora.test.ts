import { normal, random } from '@peftjs/backend';
import { type Attachment, attach, type ConvSite, dense, type LinearSite, merge } from '@peftjs/core';
import {
  add,
  div,
  matMul,
  mul,
  reshape,
  sqrt,
  square,
  sum,
  type Tensor,
  tidy,
  type Variable,
} from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { DIM, VOCAB, WIDE } from '../../core/test/tiny-host.ts';
import { expectClose, withHost } from '../../core/test/with-host.ts';
import { dora } from './dora.ts';
import { noisy } from './initializers.ts';
import { lora } from './lora.ts';

const bench = withHost();
const UP = 'model.layers.0.mlp.up_proj';

test('starts as the base: the magnitudes are the norms of the rows of W', () => {
  const base = bench.output();
  const adapter = attach(bench.host, dora({ r: 2, targets: ['up_proj', 'down_proj', 'lm_head'] }));
  expectClose(bench.output(), base, 1e-5);
  const m = adapter.attachments.find((a) => a.site.path === UP)?.params.m as Tensor;
  expect(m.shape).toEqual([WIDE]);
  const norms = tidy(() => [...sqrt(sum(square(bench.host.site(UP).weight.read()), 1)).dataSync()]);
  expectClose([...m.dataSync()], norms);
  adapter.detach();
});

test('whatever A and B, the rows of the merged weight have the magnitudes as their norms', async () => {
  const adapter = attach(bench.host, dora({ r: 2, alpha: 3, targets: ['up_proj'], init: noisy }), { seed: 2 });
  const unmerge = await merge(adapter, { probe: () => bench.host.run(bench.ids) });
  const m = adapter.attachments.find((a) => a.site.path === UP)?.params.m as Tensor;
  const norms = tidy(() => [...sqrt(sum(square(bench.host.site(UP).weight.read()), 1)).dataSync()]);
  expectClose(norms, [...m.dataSync()], 1e-5);
  unmerge();
  adapter.detach();
});

test('the norms that it computes are those of W + s B A', () => {
  const { host } = bench;
  const adapter = attach(host, dora({ r: 2, alpha: 3, targets: ['up_proj'], init: noisy }), { seed: 2 });
  const { params, site } = adapter.attachments[0] as { params: Record<string, Tensor>; site: LinearSite };
  tidy(() => {
    const { a, b, m } = params as { a: Tensor; b: Tensor; m: Tensor };
    const v = add(site.weight.read(), mul(matMul(b, a), 1.5));
    const norms = sqrt(sum(square(v), 1));
    const direct = mul(v, reshape(div(m, norms), [-1, 1]));
    const part = adapter.attachments[0]?.part;
    const args = { site, params, derived: adapter.attachments[0]?.derived ?? {} };
    const folded = part?.fold?.({ ...args, weight: site.weight.read(), bias: site.bias } as never);
    expectClose([...(folded as { weight: Tensor }).weight.dataSync()], [...direct.dataSync()], 1e-5);
  });
  adapter.detach();
});

test('dropout falls on the low-rank term alone: while B is zero nothing is dropped', () => {
  const adapter = attach(bench.host, dora({ r: 2, dropout: 0.5, targets: ['up_proj'] }));
  const [first] = adapter.attachments as readonly [Attachment];
  const { m, b } = first.params as { m: Variable; b: Variable };
  const add1 = (x: Variable) => tidy(() => x.assign(add(x, 1)));
  add1(m);
  const training = () => bench.output({ training: true, seed: 3 });
  expectClose(training(), bench.output(), 1e-5);
  add1(b);
  expect(training()).not.toEqual(bench.output());
  adapter.detach();
});

describe('a row of zeros', () => {
  test('stays one, where norms would divide by zero', () => {
    const { host } = bench;
    const site = host.site(UP);
    const values = (site.weight.variable as Tensor).dataSync().slice() as Float32Array;
    values.fill(0, 0, DIM);
    const zeroed = dense(values, WIDE, DIM);
    const undo = host.setWeight(site, zeroed);
    const base = bench.output();
    const adapter = attach(host, dora({ r: 2, targets: ['up_proj'] }));
    expectClose(bench.output(), base, 1e-5);
    adapter.detach();
    undo();
    zeroed.dispose();
  });
});

test('on a table the magnitudes are the norms of its columns', () => {
  const base = bench.output();
  const adapter = attach(bench.host, dora({ r: 2, targets: ['embed_tokens'] }));
  expectClose(bench.output(), base, 1e-5);
  expect(adapter.parameters.map((p) => [p.key.split('embed_tokens.')[1], p.variable.shape])).toEqual([
    ['lora_embedding_A', [2, VOCAB]],
    ['lora_embedding_B', [DIM, 2]],
    ['lora_magnitude_vector', [DIM]],
  ]);
  adapter.detach();
});

test('follows the weight when an adapter beneath is merged and unmerged first', async () => {
  const { host } = bench;
  const below = attach(host, lora({ r: 2, targets: ['up_proj'], init: noisy }), { name: 'below' });
  const unmerge = await merge(below);
  const base = bench.output();
  const above = attach(host, dora({ r: 2, targets: ['up_proj'] }), { name: 'above' });
  expectClose(bench.output(), base, 1e-5);
  above.detach();
  unmerge();
  below.detach();
});

test('on a convolution the magnitudes are the norms of its filters, and the merged filters have them', () => {
  const [o, i, kernel] = [5, 3, [2, 3]] as const;
  const weight = dense(normal(random(9), o * i * 6, 1), o, i * 6);
  const site: ConvSite = {
    kind: 'conv',
    path: 'p',
    role: 'r',
    inDim: i,
    outDim: o,
    kernel,
    weight,
    bias: null,
    convolve: (x) => x,
  };
  const part = dora({ r: 2, alpha: 3, init: noisy }).on.conv;
  const { fold, derive } = part ?? {};
  if (!part || !fold || !derive) throw new Error('DoRA folds into convolutions');
  const norms = (w: Tensor) => [...sqrt(sum(square(w), 1)).dataSync()];
  tidy(() => {
    const next = random(4);
    const specs = Object.entries(part.params(site));
    expect(specs.map(([, { file, shape }]) => [file, shape])).toEqual([
      ['lora_A.weight', [2, i, ...kernel]],
      ['lora_B.weight', [o, 2, 1, 1]],
      ['lora_magnitude_vector', [1, o, 1, 1]],
    ]);
    const params = Object.fromEntries(specs.map(([name, { init, shape }]) => [name, init(shape, next)]));
    const m = [...(params.m as Tensor).dataSync()];
    expectClose(m, norms(weight.read()));
    const derived = derive(site);
    const folded = fold({ site, params, derived, shared: {}, index: 0, weight: weight.read(), bias: null });
    expectClose(norms(folded.weight), m, 1e-5);
    expect([...folded.weight.dataSync()]).not.toEqual([...weight.read().dataSync()]);
  });
  weight.dispose();
});
