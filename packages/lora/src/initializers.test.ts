import { normal, random } from '@peftjs/backend';
import { ALL_LINEAR, attach, dense, type Host, type LinearSite } from '@peftjs/core';
import { matMul, memory, mul, Tensor, tidy } from '@tensorflow/tfjs-core';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { expectClose, withHost } from '../../core/test/with-host.ts';
import { gaussian, type Initializer, kaiming, noisy } from './initializers.ts';
import { lora } from './lora.ts';
import { olora, pissa } from './matrix-initializers.ts';

const bench = withHost();
const draw = (fill: Initializer['a'], shape: readonly number[], seed = 1) =>
  tidy(() => [...fill(shape, random(seed)).dataSync()]);
const deviation = (values: readonly number[]) => Math.sqrt(values.reduce((n, v) => n + v * v, 0) / values.length);

describe('A and B', () => {
  test('kaiming: uniform to the bounds of 1 / sqrt(i), and zero', () => {
    const values = draw(kaiming.a, [8, 400]);
    const most = Math.max(...values.map(Math.abs));
    expect(most).toBeLessThanOrEqual(1 / 20);
    expect(most).toBeGreaterThan(0.995 / 20);
    expect(deviation(values)).toBeCloseTo(1 / 20 / Math.sqrt(3), 3);
    expect(Math.abs(values.reduce((n, v) => n + v, 0) / values.length)).toBeLessThan(0.002);
    expect(draw(kaiming.b, [3, 2])).toEqual([0, 0, 0, 0, 0, 0]);
  });
  test('gaussian: deviation 1 / r, and zero', () => {
    const values = draw(gaussian.a, [8, 400]);
    expect(deviation(values)).toBeGreaterThan(0.97 / 8);
    expect(deviation(values)).toBeLessThan(1.03 / 8);
    expect(values.filter((v) => Math.abs(v) < 1 / 8).length / values.length).toBeCloseTo(0.683, 1);
    expect(draw(gaussian.b, [3, 2])).toEqual([0, 0, 0, 0, 0, 0]);
  });
  test('noisy: neither is zero', () => {
    expect(draw(noisy.a, [2, 3])).not.toContain(0);
    expect(Math.max(...draw(noisy.b, [50, 4]).map(Math.abs))).toBeGreaterThan(0.45);
  });
  test('follow the seed', () => {
    for (const { a } of [kaiming, gaussian]) {
      expect(draw(a, [2, 3], 5)).toEqual(draw(a, [2, 3], 5));
      expect(draw(a, [2, 3], 5)).not.toEqual(draw(a, [2, 3], 6));
    }
  });
});

/** Takes any weight. */
const host = { setWeight: () => () => {} } as unknown as Host;

const shapes: [string, number, number][] = [
  ['wide', 5, 9],
  ['tall', 9, 5],
  ['square', 6, 6],
];

describe.each(shapes)('a %s matrix [%i, %i]', (_, outDim, inDim) => {
  const w = () => normal(random(outDim), outDim * inDim, 1);
  const site = (): LinearSite => ({
    kind: 'linear',
    path: 'p',
    role: 'r',
    inDim,
    outDim,
    weight: dense(w(), outDim, inDim),
    bias: null,
  });
  /** A, B and s B A + what is left of the weight, as plain numbers. */
  const started = (init: Initializer, r: number, scale: number) => {
    const at = site();
    const found = tidy(() => {
      const start = init.start?.(host, at, r, scale);
      if (!start) throw new Error(`${init.name} starts from the weight`);
      const taken = start.take();
      if (!taken) throw new Error(`${init.name} takes from the weight`);
      const { weight, undo } = taken;
      const rest = [...weight.read().dataSync()];
      undo();
      const { a, b } = start.params as { a: Tensor; b: Tensor };
      const change = mul(matMul(b, a), scale);
      return {
        shapes: [a.shape, b.shape],
        a: [...a.dataSync()],
        b: [...b.dataSync()],
        change: [...change.dataSync()],
        whole: [...change.dataSync()].map((v, k) => v + (rest[k] as number)),
      };
    });
    at.weight.dispose();
    return found;
  };

  test.each([pissa, olora])('$name: nothing changes at first', (init) => {
    const before = memory().numTensors;
    for (const [r, scale] of [
      [1, 1],
      [3, 2],
      [5, 0.5],
    ] as const) {
      const found = started(init, r, scale);
      expect(found.shapes).toEqual([
        [r, inDim],
        [outDim, r],
      ]);
      expectClose(found.whole, [...w()], 1e-5);
    }
    expect(memory().numTensors).toBe(before);
  });

  test('pissa: s B A is the best approximation of rank r, split evenly', () => {
    for (const scale of [1, 2]) {
      const found = started(pissa, 2, scale);
      const svd = new SingularValueDecomposition(Matrix.from1DArray(outDim, inDim, w()), { autoTranspose: true });
      const [u, v] = [svd.leftSingularVectors, svd.rightSingularVectors];
      const best = Array.from({ length: outDim * inDim }, (_, k) => {
        const [o, i] = [Math.floor(k / inDim), k % inDim];
        return [0, 1].reduce((n, j) => n + (svd.diagonal[j] as number) * u.get(o, j) * v.get(i, j), 0);
      });
      expectClose(found.change, best, 1e-5);
      const norm = (values: readonly number[]) => values.reduce((n, x) => n + x * x, 0);
      expect(norm(found.a)).toBeCloseTo(norm(found.b), 3);
    }
  });

  test('olora: the columns of B are orthonormal, and span the first columns of W', () => {
    const r = 3;
    const { b, change } = started(olora, r, 1);
    for (let p = 0; p < r; p++) {
      for (let q = 0; q <= p; q++) {
        const dot = Array.from({ length: outDim }, (_, o) => (b[o * r + p] as number) * (b[o * r + q] as number));
        expect(dot.reduce((n, x) => n + x, 0)).toBeCloseTo(p === q ? 1 : 0, 5);
      }
    }
    const columns = (values: ArrayLike<number>) =>
      Array.from({ length: outDim * r }, (_, k) => values[Math.floor(k / r) * inDim + (k % r)] as number);
    expectClose(columns(change), columns(w()), 1e-5);
  });
});

test.each([pissa, olora])(
  '$name: attached, the outputs stay, and detached, the weights come back bit for bit',
  (init) => {
    const base = bench.output();
    const adapter = attach(bench.host, lora({ r: 2, alpha: 6, init }));
    expectClose(bench.output(), base, 2e-5);
    adapter.active = false;
    expect(Math.max(...bench.output().map((v, k) => Math.abs(v - (base[k] as number))))).toBeGreaterThan(0.1);
    adapter.detach();
    expect(bench.output()).toEqual(base);
  },
);

test.each([pissa, olora])('$name: prepared, it needs no numbers at once, and starts the same', async (init) => {
  const start = (one: Initializer) => attach(bench.host, lora({ r: 2, init: one }));
  const once = start(init);
  const expected = once.parameters.map((p) => [...p.variable.dataSync()]);
  once.detach();
  const prepared = await init.prepare(bench.host, { modules: ALL_LINEAR });
  const atOnce = vi.spyOn(Tensor.prototype, 'dataSync').mockImplementation(() => {
    throw new Error('not at once');
  });
  onTestFinished(() => atOnce.mockRestore());
  expect(() => start(init)).toThrow(
    /^\[peftjs\/lora\] the weight of ".+" cannot be read at once on this backend; give lora "init: await/,
  );
  const adapter = start(prepared);
  atOnce.mockRestore();
  expect(adapter.parameters.map((p) => [...p.variable.dataSync()])).toEqual(expected);
  adapter.detach();
});
