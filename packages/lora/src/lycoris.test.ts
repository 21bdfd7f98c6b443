import { attach, type ConvSite, dense, type Method, type ParamSpecs, type Part, type Tensors } from '@peftjs/core';
import {
  conv2d,
  reshape,
  type Tensor,
  type Tensor4D,
  tensor,
  tensor4d,
  tidy,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { expectClose, withHost } from '../../core/test/with-host.ts';
import { numbers } from '../test/snapshots.ts';
import { loha, readLoha } from './loha.ts';
import { lokr, readLokr } from './lokr.ts';

const bench = withHost();
const TARGETS = ['up_proj', 'down_proj'];

function move(parameters: ReturnType<typeof attach>['parameters']): void {
  for (const [k, { variable }] of parameters.entries()) {
    const values = tensor(numbers([3, k], variable.size), variable.shape);
    variable.assign(values);
    values.dispose();
  }
}

/** The shapes of W₁ and W₂ that LoKr gives a layer, as a file names them. */
function shapesOf(method: Method, outDim: number, inDim: number): Record<string, readonly number[]> {
  const site = { kind: 'linear', path: 'x', role: '', outDim, inDim, weight: { inDim, outDim } };
  const specs = (method.on.linear as Part<'linear'>).params(site as never);
  return Object.fromEntries(Object.values(specs).map(({ file, shape }) => [file, shape]));
}

/** Parameters of these shapes, of numbers that a seed gives. */
function filled(specs: ParamSpecs) {
  const made = Object.entries(specs).map(([name, { shape }], n) => {
    const size = shape.reduce((product, d) => product * d, 1);
    return [name, tensor(numbers([5, n], size), [...shape])] as const;
  });
  return Object.fromEntries(made);
}

describe('LoKr divides sides as PEFT does', () => {
  const cases: [number, number | undefined, readonly [number, number]][] = [
    [256, undefined, [16, 16]],
    [128, undefined, [8, 16]],
    [127, undefined, [1, 127]],
    [128, 4, [4, 32]],
    [20, 10, [10, 2]],
    [20, 9, [4, 5]],
    [20, 3, [2, 10]],
    [12, 5, [3, 4]],
  ];
  test.each(cases)('%i by %o', (side, factor, [m, n]) => {
    const method = lokr({ r: 1000, ...(factor && { factor }) });
    expect(shapesOf(method, side, 6 * 6).lokr_w1?.[0]).toBe(m);
    expect(shapesOf(method, side, 6 * 6).lokr_w2?.[0]).toBe(n);
  });

  test('and makes low-rank what is more than twice as wide as the rank', () => {
    expect(shapesOf(lokr({ r: 8 }), 256, 128)).toEqual({ lokr_w1: [16, 8], lokr_w2: [16, 16] });
    expect(shapesOf(lokr({ r: 7 }), 256, 128)).toEqual({ lokr_w1: [16, 8], lokr_w2_a: [16, 7], lokr_w2_b: [7, 16] });
    expect(shapesOf(lokr({ r: 7, both: true }), 256, 128)).toEqual({
      lokr_w1_a: [16, 7],
      lokr_w1_b: [7, 8],
      lokr_w2_a: [16, 7],
      lokr_w2_b: [7, 16],
    });
  });
});

describe('on a convolution', () => {
  const [o, i, kernel] = [6, 4, [3, 2] as const];
  const k = kernel[0] * kernel[1];
  const site = (): ConvSite => ({
    kind: 'conv',
    path: 'conv',
    role: '',
    inDim: i,
    outDim: o,
    kernel,
    weight: dense(new Float32Array(o * i * k), o, i * k),
    bias: null,
    convolve: (x, filters) => conv2d(x as Tensor4D, filters as Tensor4D, 1, 'valid'),
  });
  const at = (t: Tensor | undefined, row: number, column: number) => {
    const flat = t?.dataSync() as Float32Array;
    return flat[row * (flat.length / (t?.shape[0] as number)) + column] as number;
  };
  const entries: Record<string, [Method, (p: Tensors, row: number, channel: number, tap: number) => number]> = {
    LoHa: [
      loha({ r: 2, alpha: 3 }),
      ({ a1, b1, a2, b2 }, row, channel, tap) => {
        const product = (a: Tensor | undefined, b: Tensor | undefined) =>
          at(a, row, 0) * at(b, 0, channel * k + tap) + at(a, row, 1) * at(b, 1, channel * k + tap);
        return 1.5 * product(a1, b1) * product(a2, b2);
      },
    ],
    // 6 = 2 · 3 rows and 4 = 2 · 2 channels, a kernel to each pair of the latter.
    'LoKr, whole': [
      lokr({ r: 2, alpha: 1 }),
      ({ w1, w2 }, row, channel, tap) =>
        0.5 * at(w1, Math.floor(row / 3), Math.floor(channel / 2)) * at(w2, row % 3, (channel % 2) * k + tap),
    ],
    'LoKr, low-rank': [
      lokr({ r: 1, alpha: 1 }),
      ({ w1, w2a, w2b }, row, channel, tap) =>
        at(w1, Math.floor(row / 3), Math.floor(channel / 2)) *
        at(w2a, row % 3, 0) *
        at(w2b, 0, (channel % 2) * k + tap),
    ],
  };
  test.each(Object.entries(entries))('%s adds to each filter what its equation says', (_, [method, entry]) => {
    const place = site();
    const part = method.on.conv as Part<'conv'>;
    tidy(() => {
      const params = filled(part.params(place));
      const args = { site: place, params, shared: {}, derived: {}, index: 0 };
      const folded = part.fold?.({ ...args, weight: zeros([o, i * k]), bias: null }).weight as Tensor;
      const expected = Array.from({ length: o * i * k }, (_value, n) => {
        const [row, column] = [Math.floor(n / (i * k)), n % (i * k)];
        return entry(params, row, Math.floor(column / k), column % k);
      });
      expectClose([...folded.dataSync()], expected, 1e-6);
      const x = tensor4d(numbers([7], 2 * 5 * 4 * i), [2, 5, 4, i]);
      const base = (y: Tensor) => place.convolve(y, zeros([...kernel, i, o]));
      const ctx = { training: false, seed: 0 };
      const y = part.forward({ ...args, x, base, ctx, seed: [1] });
      const filters = transpose(reshape(folded, [o, i, ...kernel]), [2, 3, 1, 0]);
      expectClose([...y.dataSync()], [...place.convolve(x, filters).dataSync()], 1e-5);
    });
    place.weight.dispose();
  });
});

describe.each([
  ['LoHa', loha, true],
  ['LoKr', lokr, false],
] as const)('%s drops in training', (_, make, rescaled) => {
  const ctx = { training: true, seed: 4 };
  test('rows of the change, and all of it', () => {
    const adapter = attach(bench.host, make({ r: 1, alpha: 4, rankDropout: 0.5, targets: ['layers.1.mlp.down_proj'] }));
    move(adapter.parameters);
    expect(bench.output(ctx)).not.toEqual(bench.output());
    expect(bench.output(ctx)).toEqual(bench.output(ctx));
    expect(bench.output({ ...ctx, seed: 9 })).not.toEqual(bench.output(ctx));
    adapter.detach();

    const plain = bench.output();
    const rare = attach(bench.host, make({ r: 1, moduleDropout: 0.999999, targets: ['down_proj'] }));
    move(rare.parameters);
    expect(bench.output(ctx)).toEqual(plain);
    expect(bench.output()).not.toEqual(plain);
    rare.detach();
  });

  test(`and ${rescaled ? 'scales up' : 'keeps as they are'} the rows that are left`, () => {
    const part = make({ r: 1, rankDropout: 0.5 }).on.linear as Part<'linear'>;
    tidy(() => {
      const site = bench.host.site('model.layers.0.mlp.up_proj');
      const params = filled(part.params(site));
      const x = tensor(numbers([2], 3 * site.inDim), [3, site.inDim]);
      const run = (training: boolean) => {
        const base = () => zeros([3, site.outDim]);
        const args = { site, params, shared: {}, derived: {}, index: 0, x, base, seed: [1] };
        return [...part.forward({ ...args, ctx: { training, seed: 6 } }).dataSync()];
      };
      const [whole, dropped] = [run(false), run(true)];
      const kept = dropped.map((value) => value !== 0);
      expect(new Set(kept)).toEqual(new Set([true, false]));
      for (const [n, isKept] of kept.entries()) expect(isKept).toBe(kept[n % site.outDim]);
      expectClose(
        dropped,
        whole.map((value, n) => (kept[n] ? value * (rescaled ? 2 : 1) : 0)),
      );
    });
  });
});

test('alpha is the rank when it is left out, and 8 where a file leaves it out', () => {
  const place = { sites: [], model: [], modules: null, task: null };
  for (const make of [loha, lokr]) expect(make({ r: 3 }).config(place)).toMatchObject({ r: 3, alpha: 3 });
  const config = { r: 3, target_modules: TARGETS };
  for (const family of [readLoha(), readLokr()])
    expect(family.read({ ...config, peft_type: family.type })[0]?.config(place)).toMatchObject({ r: 3, alpha: 8 });
});

describe('refused', () => {
  const fresh = (make: () => unknown, message: string) => expect(make).toThrow(message);
  test('options out of their range', () => {
    fresh(() => loha({ r: 0 }), '[peftjs/lora] a rank is 0; give a whole number above 0');
    fresh(() => lokr({ rankPattern: { q: 1.5 } }), 'a rank is 1.5');
    fresh(() => loha({ rankDropout: 1 }), 'rankDropout is 1; give a share from 0 to below 1');
    fresh(() => lokr({ moduleDropout: -1 }), 'moduleDropout is -1');
    fresh(() => lokr({ factor: 0 }), 'factor is 0; give a whole number above 0, or leave it out');
  });

  test('keys of another method, and filters that are split over ranks', () => {
    const config = { peft_type: 'LOHA', r: 2, alpha: 2, target_modules: TARGETS };
    fresh(() => readLoha().read({ ...config, decompose_both: true }), 'asks for "decompose_both"');
    fresh(() => readLokr().read({ ...config, lora_alpha: 3 }), 'asks for "lora_alpha"');
    fresh(() => readLokr().read({ ...config, use_effective_conv2d: true }), 'asks for "use_effective_conv2d"');
    fresh(() => readLoha().read({ ...config, target_modules: null }), 'names are needed');
  });
});
