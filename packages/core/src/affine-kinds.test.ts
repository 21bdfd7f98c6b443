import { normal, random } from '@peftjs/backend';
import {
  add,
  conv2d,
  memory,
  reshape,
  type Tensor,
  type Tensor4D,
  tensor,
  tidy,
  transpose,
  variable,
} from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectClose, withHost } from '../test/with-host.ts';
import { type Affine, affinePart } from './affine.ts';
import type { ConvSite, EmbeddingSite } from './site.ts';
import { dense } from './weight.ts';

withHost();

const [I, O, R, H, W] = [3, 5, 2, 2, 3];
const next = random(7);
const draw = (...shape: number[]) =>
  tensor(
    normal(
      next,
      shape.reduce((n, d) => n * d, 1),
      1,
    ),
    shape,
  );
const args = { params: {}, shared: {}, derived: {}, index: 0 };
const run = { ctx: { training: true, seed: 1 }, seed: [0] };

const choices = [
  { out: false, bias: false },
  { out: true, bias: false },
  { out: false, bias: true },
  { out: true, bias: true },
];

test.each(choices)('on a convolution folding is the forward pass: %o', ({ out, bias }) => {
  const tensors = memory().numTensors;
  const weight = dense(normal(next, O * I * H * W, 1), O, I * H * W);
  tidy(() => {
    const start = draw(O);
    const own = variable(start, false);
    const convolve = (x: Tensor, filters: Tensor) => conv2d(x as Tensor4D, filters as Tensor4D, [2, 1], 'same');
    const filtersOf = (matrix: Tensor) => transpose(reshape(matrix, [O, I, H, W]), [2, 3, 1, 0]);
    const site: ConvSite = {
      kind: 'conv',
      path: 'p',
      role: 'r',
      inDim: I,
      outDim: O,
      kernel: [H, W],
      weight,
      bias: own,
      convolve,
    };
    const affine: Affine = {
      out: out ? draw(O) : undefined,
      bias: bias ? draw(O) : undefined,
      terms: [
        { a: draw(R, I, H, W), b: draw(O, R, 1, 1), scale: 0.5 },
        { a: draw(1, I, H, W), b: draw(O, 1, 1, 1), scale: -2 },
      ],
    };
    const part = affinePart<'conv'>({ params: () => ({}), affine: () => affine });
    const x = draw(2, 4, 5, I);
    const base = (input: Tensor) => add(convolve(input, filtersOf(weight.read())), own);
    const forward = part.forward({ ...args, ...run, site, x, base });
    expect(forward.shape).toEqual([2, 2, 5, O]);
    const folded = part.fold?.({ ...args, site, weight: weight.read(), bias: own });
    if (!folded?.bias) throw new Error('an affine part folds');
    const merged = add(convolve(x, filtersOf(folded.weight)), folded.bias);
    expectClose([...merged.dataSync()], [...forward.dataSync()], 1e-4);
    expect([...forward.dataSync()]).not.toEqual([...base(x).dataSync()]);
    own.dispose();
  });
  weight.dispose();
  expect(memory().numTensors).toBe(tensors);
});

test.each([false, true])('on a table folding is the forward pass, scaled %o; ids are never dropped', (scaled) => {
  const table = dense(normal(next, 7 * O, 1), 7, O);
  tidy(() => {
    const site: EmbeddingSite = { kind: 'embedding', path: 'p', role: 'r', vocab: 7, dim: O, weight: table };
    const affine: Affine = {
      out: scaled ? draw(O) : undefined,
      terms: [{ a: draw(R, 7), b: draw(O, R), scale: 0.5 }],
      dropout: 0.999999,
    };
    const part = affinePart<'embedding'>({ params: () => ({}), affine: () => affine });
    const ids = tensor([0, 6, 3, 3, 1, 2], [2, 3], 'int32');
    const forward = part.forward({ ...args, ...run, site, x: ids, base: (x) => table.rows(x) });
    expect(forward.shape).toEqual([2, 3, O]);
    const folded = part.fold?.({ ...args, site, weight: table.read(), bias: null });
    if (!folded) throw new Error('an affine part folds');
    const merged = dense(folded.weight.dataSync() as Float32Array, 7, O);
    expectClose([...merged.rows(ids).dataSync()], [...forward.dataSync()], 1e-5);
    expect([...forward.dataSync()]).not.toEqual([...table.rows(ids).dataSync()]);
    merged.dispose();
  });
  table.dispose();
});
