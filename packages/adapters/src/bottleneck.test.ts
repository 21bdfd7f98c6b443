import { normal, random } from '@peftjs/backend';
import { attach, type Json, type Place, type ResidualSite, type Site } from '@peftjs/core';
import { type Tensor, tensor, tensor3d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { tinyHost } from '../../core/test/tiny-host.ts';
import { withLlama } from '../test/with-llama.ts';
import { geluNew, relu } from './activation.ts';
import { type BottleneckOptions, bottleneck } from './bottleneck.ts';
import { nearIdentity } from './initializers.ts';
import { readBottleneck } from './read-bottleneck.ts';
import { houlsby, parallel, pfeiffer, type Style } from './style.ts';

const bench = withLlama();
const placeOf = (sites: readonly Site[]): Place => ({ sites, model: sites, modules: null, task: null });

const branches: [Style, readonly string[]][] = [
  [houlsby, ['0.self_attn', '0.mlp', '1.self_attn', '1.mlp']],
  [pfeiffer, ['0.mlp', '1.mlp']],
  [parallel, ['0.mlp', '1.mlp']],
];

test.each(branches)('$name stands on its own branches', (style, paths) => {
  const adapter = attach(bench.one.host, bottleneck({ style, r: 2 }));
  expect(adapter.attachments.map((a) => a.site.path)).toEqual(paths.map((path) => `model.layers.${path}`));
  adapter.detach();
});

const widths: [BottleneckOptions, number][] = [
  [{ r: 5 }, 5],
  [{ reduction: 4 }, 4],
  [{ reduction: 5 }, 3],
  [{ reduction: 100 }, 1],
  [{}, 1],
];

test.each(widths)('%o makes a bottleneck of width %d out of 16', async (options, r) => {
  const adapter = attach(bench.one.host, bottleneck({ ...options, layers: [1] }));
  expect(adapter.parameters.map(({ key, variable }) => [key, variable.shape])).toEqual([
    ['base_model.model.model.layers.1.mlp.adapter_down.weight', [r, 16]],
    ['base_model.model.model.layers.1.mlp.adapter_down.bias', [r]],
    ['base_model.model.model.layers.1.mlp.adapter_up.weight', [16, r]],
    ['base_model.model.model.layers.1.mlp.adapter_up.bias', [16]],
  ]);
  expect((await adapter.snapshot()).config).toMatchObject({
    style: 'pfeiffer',
    r,
    activation: 'relu',
    scaling: 1,
    target_modules: ['model.layers.1.mlp'],
  });
  adapter.detach();
});

test('states the reduction where branches have several widths, and reads it again', () => {
  const sites = [8, 16].map((dim): ResidualSite => ({ kind: 'residual', path: `branch${dim}`, role: 'mlp', dim }));
  const place = placeOf(sites);
  const config = bottleneck({ reduction: 4 }).config(place);
  expect(config).toMatchObject({ reduction: 4, target_modules: ['branch8', 'branch16'] });
  expect('r' in config).toBe(false);
  expect(readBottleneck().read(config)[0]?.config(place)).toEqual(config);
});

describe('what it computes', () => {
  const [r, d] = [2, 3];
  const numbers = (seed: number, n: number) => [...normal(random(seed), n, 1)];
  const [down, downBias, up, upBias, x, h] = [r * d, r, d * r, d, d, d].map((n, seed) =>
    numbers(seed, n),
  ) as number[][];
  const expected = (z: readonly number[]) =>
    (h as number[]).map((value, k) => {
      const narrow = Array.from({ length: r }, (_, j) => {
        const sum = z.reduce((all, v, i) => all + v * (down?.[j * d + i] as number), downBias?.[j] as number);
        return Math.max(0, sum);
      });
      return value + 0.5 * narrow.reduce((all, v, j) => all + v * (up?.[k * r + j] as number), upBias?.[k] as number);
    });

  test.each([
    ['houlsby', houlsby, h],
    ['parallel', parallel, x],
  ] as const)('is the equation of %s', (_, style, z) => {
    const part = bottleneck({ style, r, activation: relu, scaling: 0.5 }).on.residual;
    const row = (values: unknown) => tensor3d(values as number[], [1, 1, d]);
    tidy(() => {
      const shapes = { down: [r, d], downBias: [r], up: [d, r], upBias: [d] };
      const values = { down, downBias, up, upBias } as Record<string, number[]>;
      const params: Record<string, Tensor> = {};
      for (const [name, shape] of Object.entries(shapes)) {
        params[name] = tensor(values[name] as number[], shape);
      }
      const y = part?.forward({ x: row(x), base: () => row(h), params } as never) as Tensor;
      const want = expected(z as number[]);
      for (const [k, v] of y.dataSync().entries()) expect(v).toBeCloseTo(want[k] as number, 5);
    });
  });
});

test('near the identity, no number is over two deviations', () => {
  const adapter = attach(bench.one.host, bottleneck({ r: 16, init: nearIdentity }), { seed: 4 });
  const weights = adapter.parameters.filter(({ key }) => key.endsWith('.weight'));
  const sizes = weights.flatMap(({ variable }) => [...variable.dataSync()].map(Math.abs));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(0.02);
  expect(Math.max(...sizes)).toBeGreaterThan(0.018);
  adapter.detach();
});

const wrong: [BottleneckOptions, string][] = [
  [{ r: 2, reduction: 4 }, 'r and reduction both state the width; leave one out'],
  [{ r: 0 }, 'r is 0; give a whole number above 0'],
  [{ r: 2.5 }, 'r is 2.5; give a whole number above 0'],
  [{ reduction: 0.5 }, 'reduction is 0.5; give a number of 1 or more'],
  [{ reduction: Number.NaN }, 'reduction is NaN; give a number of 1 or more'],
  [{ scaling: Number.POSITIVE_INFINITY }, 'scaling is Infinity; give a number'],
];

test.each(wrong)('%o is refused', (options, message) => {
  expect(() => bottleneck(options)).toThrow(`[peftjs/adapters] ${message}`);
});

test('a bottleneck wider than its branch is refused before anything is changed', () => {
  const before = bench.output();
  expect(() => attach(bench.one.host, bottleneck({ r: 17 }))).toThrow(
    'BOTTLENECK cannot act on "model.layers.0.mlp": r is 17, the branch is 16 wide; give at most that',
  );
  expect(bench.output()).toEqual(before);
});

test('a branch that there is not is named, with the nearest role', () => {
  expect(() => attach(bench.one.host, bottleneck({ targets: ['mpl'] }))).toThrow(
    'no site matches "mpl"; nearest: "mlp"',
  );
});

test('a model without branches is refused', () => {
  const host = tinyHost();
  expect(() => attach(host, bottleneck())).toThrow(/no site matches "mlp": .*none of kind residual/);
  host.dispose();
});

const CONFIG = {
  library_name: 'peftjs',
  style: 'pfeiffer',
  r: 2,
  activation: 'gelu_new',
  scaling: 1,
  target_modules: ['model.layers.0.mlp'],
};

test('comes back from what it states', () => {
  const [method, ...others] = readBottleneck().read({ ...CONFIG, modules_to_save: ['lm_head'] });
  expect(method).toMatchObject({ type: 'BOTTLENECK', targets: { modules: CONFIG.target_modules } });
  expect(others).toMatchObject([{ type: 'MODULES_TO_SAVE', targets: { modules: ['lm_head'] } }]);
  const sites = bench.one.host.sites().filter((s) => s.kind === 'residual' && s.path === 'model.layers.0.mlp');
  expect(method?.config(placeOf(sites))).toEqual({ ...CONFIG, activation: geluNew.name });
});

test("reads an activation of one's own where it is given", () => {
  const mine = { ...relu, name: 'mine' };
  const config = { ...CONFIG, activation: 'mine' };
  expect(readBottleneck(mine).read(config)[0]?.config(placeOf([]))).toMatchObject({ activation: 'mine' });
  expect(() => readBottleneck().read(config)).toThrow('has activation "mine"; nearest: "');
});

const unread: [Record<string, Json>, string][] = [
  [{ activation: 'gelu_fast' }, 'has activation "gelu_fast"; nearest: "gelu'],
  [{ style: 'houlsbi' }, 'has style "houlsbi"; nearest: "houlsby"'],
  [{ scaling: null }, 'has scaling null; a number is needed'],
  [{ r: null }, 'has r null; a number is needed'],
  [{ r: 0 }, 'r is 0; give a whole number above 0'],
  [{ reduction: 4, r: 3 }, 'r and reduction both state the width'],
  [{ target_modules: [] }, 'has target_modules []; names are needed'],
  [{ r_pattern: { mlp: 4 } }, 'asks for "r_pattern", which is not supported; nearest: "r"'],
];

test.each(unread)('a configuration with %o is refused', (more, message) => {
  expect(() => readBottleneck().read({ ...CONFIG, ...more })).toThrow(message);
});
