import { normal, random } from '@peftjs/backend';
import { add, matMul, memory, reshape, type Tensor, tensor, tidy, variable } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { expectClose, withHost } from '../test/with-host.ts';
import { type Affine, affinePart } from './affine.ts';
import type { LinearSite } from './site.ts';
import { dense } from './weight.ts';

withHost();

const [I, O, R] = [5, 4, 2];
const next = random(3);
const draw = (...shape: number[]) =>
  tensor(
    normal(
      next,
      shape.reduce((n, d) => n * d, 1),
      1,
    ),
    shape,
  );

/** What y = out · ((in · x) W' + Σ s · (in · x) a' b') + bias gives in plain numbers, for one row. */
function expected(x: Float32Array, w: Float32Array, own: Float32Array | null, affine: Affine): number[] {
  const values = (t: Tensor | undefined) => t && (t.dataSync() as Float32Array);
  const [gain, out, bias] = [values(affine.in), values(affine.out), values(affine.bias) ?? own ?? undefined];
  const input = [...x].map((v, i) => v * (gain?.[i] ?? 1));
  return Array.from({ length: O }, (_, o) => {
    let sum = input.reduce((n, v, i) => n + v * (w[o * I + i] as number), 0);
    for (const { a, b, scale } of affine.terms ?? []) {
      const [va, vb] = [values(a), values(b)] as [Float32Array, Float32Array];
      for (let r = 0; r < R; r++) {
        const down = input.reduce((n, v, i) => n + v * (va[r * I + i] as number), 0);
        sum += scale * down * (vb[o * R + r] as number);
      }
    }
    return sum * (out?.[o] ?? 1) + (bias?.[o] ?? 0);
  });
}

const choices = [false, true];
const combinations = choices.flatMap((gain) =>
  choices.flatMap((out) =>
    [0, 1, 2].flatMap((terms) =>
      choices.flatMap((bias) => choices.map((ownBias) => ({ gain, out, terms, bias, ownBias }))),
    ),
  ),
);

describe.each(combinations)('in $gain, out $out, $terms terms, bias $bias, on a layer with bias $ownBias', (c) => {
  test('the forward pass is the equation, and folding is the forward pass', () => {
    const tensors = memory().numTensors;
    const weight = dense(normal(next, O * I, 1), O, I);
    tidy(() => {
      const start = draw(O);
      const own = c.ownBias ? variable(start, false) : null;
      const affine: Affine = {
        in: c.gain ? draw(I) : undefined,
        out: c.out ? draw(O) : undefined,
        terms: Array.from({ length: c.terms }, (_, k) => ({ a: draw(R, I), b: draw(O, R), scale: 0.5 + k })),
        bias: c.bias ? draw(O) : undefined,
      };
      const part = affinePart({ params: () => ({}), affine: () => affine });
      const site: LinearSite = {
        kind: 'linear',
        path: 'p',
        role: 'r',
        inDim: I,
        outDim: O,
        weight,
        bias: own,
      };
      const args = { site, params: {}, shared: {}, derived: {}, index: 0 };
      const x = draw(2, 3, I);
      const base = (input: Tensor) => (own ? add(weight.matMul(input), own) : weight.matMul(input));
      const forward = part.forward({ ...args, x, base, ctx: { training: true, seed: 1 }, seed: [0] });
      expect(forward.shape).toEqual([2, 3, O]);
      const first = x.dataSync().slice(0, I) as Float32Array;
      const w = weight.read().dataSync() as Float32Array;
      const ownValues = own && (own.dataSync() as Float32Array);
      expectClose([...forward.dataSync().slice(0, O)], expected(first, w, ownValues, affine), 2e-5);
      const folded = part.fold?.({ ...args, weight: weight.read(), bias: own });
      if (folded === undefined) throw new Error('an affine part folds');
      const y = matMul(reshape(x, [-1, I]), folded.weight, false, true);
      const merged = folded.bias ? add(y, folded.bias) : y;
      expectClose([...merged.dataSync()], [...forward.dataSync()], 5e-5);
      own?.dispose();
    });
    weight.dispose();
    expect(memory().numTensors).toBe(tensors);
  });
});

test('dropout falls on the terms alone, in training alone', () => {
  const weight = dense(new Float32Array(O * I), O, I);
  tidy(() => {
    const terms = [{ a: draw(R, I), b: draw(O, R), scale: 1 }];
    const part = affinePart({ params: () => ({}), affine: () => ({ terms, dropout: 0.999999 }) });
    const site: LinearSite = { kind: 'linear', path: 'p', role: 'r', inDim: I, outDim: O, weight, bias: null };
    const base = draw(3, O);
    const run = (training: boolean) => [
      ...part
        .forward({
          site,
          params: {},
          shared: {},
          derived: {},
          index: 0,
          x: draw(3, I),
          base: () => base,
          ctx: { training, seed: 5 },
          seed: [0],
        })
        .dataSync(),
    ];
    expect(run(true)).toEqual([...base.dataSync()]);
    expect(run(false)).not.toEqual([...base.dataSync()]);
  });
  weight.dispose();
});
