import { normal, random } from '@peftjs/backend';
import { attach, dense, type LinearSite, restore, type Weight } from '@peftjs/core';
import { matMul, memory, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { coarseRows } from '../../core/test/coarse.ts';
import { type TinyHost, tinyHost } from '../../core/test/tiny-host.ts';
import { expectClose, withHost } from '../../core/test/with-host.ts';
import { cloq, type InputProducts } from './cloq.ts';
import { loftq } from './loftq.ts';
import { lora } from './lora.ts';
import { readLora } from './read-lora.ts';

const bench = withHost();
const UP = 'model.layers.0.mlp.up_proj';
const DOWN = 'model.layers.1.mlp.down_proj';
const targets = [UP, DOWN].map((path) => path.slice('model.'.length));
const storage = coarseRows(2);
const alpha = 3;

let original: TinyHost;
let undos: (() => void)[];
beforeEach(() => {
  original = tinyHost();
  undos = [UP, DOWN].map((path) => store(path));
});
afterEach(() => {
  for (const undo of undos) undo();
  original.dispose();
});

const valuesOf = (weight: Weight) => tidy(() => [...weight.read().dataSync()]);

/** Puts a layer into few bits. */
function store(path: string) {
  const { weight, outDim, inDim } = original.site(path);
  const held = storage(Float32Array.from(valuesOf(weight)), outDim, inDim);
  const undo = bench.host.setWeight(bench.host.site(path), held);
  return () => {
    undo();
    held.dispose();
  };
}

/** Of inputs that go together. */
function correlated(n: number): Matrix {
  const drawn = Matrix.from1DArray(3 * n, n, normal(random(n), 3 * n * n, 1));
  const mixed = drawn.mmul(Matrix.from1DArray(n, n, normal(random(2, n), n * n, 1)));
  return mixed
    .transpose()
    .mmul(mixed)
    .div(3 * n);
}

const productsOf = (make: (n: number) => Matrix): InputProducts =>
  new Map([UP, DOWN].map((path) => [path, Float32Array.from(make(original.site(path).inDim).to1DArray())]));

const start = (r: number, products = productsOf(correlated)) =>
  lora({ r, alpha, targets, init: cloq(original, products) });

const numbersOf = ({ weight, outDim, inDim }: LinearSite) => Matrix.from1DArray(outDim, inDim, valuesOf(weight));

/** s B A of the layer that was attached to first. */
function changeOf(method: ReturnType<typeof lora>, r: number): Matrix {
  const adapter = attach(bench.host, method);
  const { outDim, inDim } = bench.host.site(UP);
  const change = tidy(() => {
    const [a, b] = adapter.parameters.map((p) => p.variable as Tensor) as [Tensor, Tensor];
    return [...mul(matMul(b, a), alpha / r).dataSync()];
  });
  adapter.detach();
  return Matrix.from1DArray(outDim, inDim, change);
}

/** What a layer gives errs by, squared, when its weight does by so much. */
const cost = (error: Matrix, products: Matrix) => error.mmul(products).mmul(error.transpose()).trace();

const lostOf = (path: string) => Matrix.sub(numbersOf(original.site(path)), numbersOf(bench.host.site(path)));

describe('in a layer that is stored in few bits', () => {
  test.each([1, 2, 3, 4])('at rank %i no other change errs less, on the inputs', (r) => {
    const products = correlated(original.site(UP).inDim);
    const lost = lostOf(UP);
    const found = cost(Matrix.sub(lost, changeOf(start(r), r)), products);
    const { realEigenvalues } = new EigenvalueDecomposition(lost.mmul(products).mmul(lost.transpose()));
    const least = realEigenvalues.sort((x, y) => y - x).slice(r);
    const none = cost(lost, products);
    expect(found / none).toBeCloseTo(least.reduce((n, x) => n + x, 0) / none, 5);
  });

  test('of many rows it finds all but the best, by some products', () => {
    const [outDim, inDim, r] = [90, 50, 3];
    const site = (values: Float32Array) =>
      ({
        kind: 'linear',
        path: 'p',
        role: 'r',
        inDim,
        outDim,
        weight: dense(values, outDim, inDim),
        bias: null,
      }) as const;
    const whole = normal(random(3), outDim * inDim, 1);
    const [before, after] = [site(whole), site(whole.map(Math.round))];
    const products = correlated(inDim);
    const given = new Map([['p', Float32Array.from(products.to1DArray())]]);
    const init = cloq({ ...bench.host, sites: () => [before] }, given);
    const change = tidy(() => {
      const { params } = init.start?.(bench.host, after, r, 1) ?? { params: {} };
      const { a, b } = params as { a: Tensor; b: Tensor };
      return [...matMul(b, a).dataSync()];
    });
    const found = Matrix.from1DArray(outDim, inDim, change);
    const lost = Matrix.sub(numbersOf(before), numbersOf(after));
    const costs = new EigenvalueDecomposition(lost.mmul(products).mmul(lost.transpose())).realEigenvalues;
    const least = costs
      .sort((x, y) => y - x)
      .slice(r)
      .reduce((n, x) => n + x, 0);
    expect(cost(Matrix.sub(lost, found), products)).toBeLessThan(1.005 * least);
    for (const { weight } of [before, after]) weight.dispose();
  });

  test('the whole rank makes up for all that was lost', () => {
    const plain = original.run(bench.ids);
    const adapter = attach(bench.host, start(4));
    expectClose(bench.output(), [...plain.dataSync()]);
    adapter.detach();
    plain.dispose();
  });

  test('it is LoftQ where inputs are alike and do not go together', () => {
    const [of, r] = [productsOf((n) => Matrix.eye(n)), 2];
    const own = changeOf(start(r, of), r).to1DArray();
    for (const undo of undos.splice(0)) undo();
    expectClose(own, changeOf(lora({ r, alpha, targets, init: loftq(storage) }), r).to1DArray());
  });

  test('the layer is its codes and the change, and is given back', () => {
    const { host } = bench;
    const site = host.site(UP);
    const [plain, weight, tensors] = [bench.output(), site.weight, memory().numTensors];
    const change = changeOf(start(2), 2);
    const adapter = attach(
      host,
      lora({ r: 2, alpha, targets: targets.slice(0, 1), init: cloq(original, productsOf(correlated)) }),
    );
    expect(site.weight).toBe(weight);
    const started = bench.output();
    adapter.detach();
    const sum = numbersOf(site).add(change);
    const whole = dense(Float32Array.from(sum.to1DArray()), site.outDim, site.inDim);
    const undo = host.setWeight(site, whole);
    expectClose(started, bench.output());
    undo();
    whole.dispose();
    expect(bench.output()).toEqual(plain);
    expect(memory().numTensors).toBe(tensors);
  });
});

test('an adapter is one like any other, over the base in its storage', async () => {
  const { host } = bench;
  const adapter = attach(host, start(2));
  const [saved, output] = [await adapter.snapshot(), bench.output()];
  adapter.detach();
  expect(saved.config.init_lora_weights).toBe(true);
  const again = await restore(host, saved, [readLora()]);
  expect(bench.output()).toEqual(output);
  again.detach();
});

test('weights read beforehand make the same start', async () => {
  const init = await cloq(original, productsOf(correlated)).prepare(bench.host, { modules: targets });
  expect(changeOf(lora({ r: 2, alpha, targets, init }), 2)).toEqual(changeOf(start(2), 2));
});

describe('refuses', () => {
  test.each([
    ['no products of a layer', () => new Map(), `cloq(…) have nothing of "${UP}"`],
    [
      'products of another width',
      () => new Map([[UP, new Float32Array(9)]]),
      `have 9 numbers for "${UP}", which takes 4 ** 2`,
    ],
  ])('%s', (_, products, message) => {
    const plain = bench.output();
    expect(() => attach(bench.host, start(2, products()))).toThrow(message);
    expect(bench.output()).toEqual(plain);
  });

  test('a layer that has lost nothing', () => {
    undos.splice(0, 1)[0]?.();
    expect(() => attach(bench.host, start(2))).toThrow(`[peftjs/lora] "${UP}" is as in the original`);
  });

  test('another model', () => {
    const none = { ...original, sites: () => [] };
    const init = cloq(none, productsOf(correlated));
    expect(() => attach(bench.host, lora({ r: 2, targets, init }))).toThrow(`has no layer "${UP}" [6, 4]`);
  });
});
