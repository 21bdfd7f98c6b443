// Each fault of tfjs's own gradients that this package repairs: what it does as shipped, and after the repair.
import { cpu } from '@peftjs/backend-cpu';
import {
  cumsum,
  type GradConfig,
  gather,
  getGradient,
  image,
  matMul,
  maximum,
  memory,
  minimum,
  mirrorPad,
  type NamedAttrMap,
  ones,
  registerGradient,
  reshape,
  squaredDifference,
  sum,
  type Tensor,
  type Tensor4D,
  tensor,
  tidy,
  unregisterGradient,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { valueAndGrads } from './backward.ts';
import { registerGradients } from './gradients.ts';
import { normal, random } from './random.ts';
import { gradients } from './tfjs-gradients.gen.ts';
import { useBackend } from './use-backend.ts';

const shipped = (name: string) => gradients.find((g) => g.kernelName === name) as GradConfig;
const values = (x: Tensor | null | undefined) => [...((x as Tensor).dataSync() as Float32Array)];

function gaussian(seed: number, ...shape: number[]): Tensor {
  const size = shape.reduce((n, d) => n * d, 1);
  return tensor(normal(random(seed), size, 1), shape);
}

/** The gradient of `input` as tfjs has it. */
function asShipped(name: string, input: string, dy: Tensor, saved: Tensor[], attrs: object): Tensor {
  return shipped(name)
    .gradFunc(dy, saved, attrs as NamedAttrMap)
    [input]?.() as Tensor;
}

/** The gradient of sum(f(x) · dy) by central differences. */
function numeric(f: (x: Tensor) => Tensor, x: Tensor, dy: Tensor): number[] {
  const weights = values(dy);
  const start = values(x);
  const at = (i: number, step: number) => {
    const moved = Float32Array.from(start, (v, j) => (j === i ? v + step : v));
    return values(f(tensor(moved, x.shape))).reduce((s, v, j) => s + v * (weights[j] as number), 0);
  };
  return start.map((_, i) => at(i, 0.5) - at(i, -0.5)); // exact: what is tested here is linear
}

function expectClose(got: readonly number[], want: readonly number[]): void {
  expect(got).toHaveLength(want.length);
  for (const [i, w] of want.entries()) expect(got[i]).toBeCloseTo(w, 3);
}

beforeAll(async () => {
  await useBackend(cpu());
});

describe('registerGradients', () => {
  it('registers the gradient of every kernel that tfjs has one for, once', () => {
    expect(gradients.length).toBeGreaterThan(100);
    for (const { kernelName } of gradients) expect(getGradient(kernelName)?.kernelName).toBe(kernelName);
    const before = gradients.map(({ kernelName }) => getGradient(kernelName));
    registerGradients();
    expect(gradients.map(({ kernelName }) => getGradient(kernelName))).toEqual(before);
  });

  it('puts its own back when another package has registered those of tfjs again', async () => {
    for (const { kernelName } of gradients) {
      unregisterGradient(kernelName);
      registerGradient(shipped(kernelName));
    }
    const shape = () =>
      tidy(() => {
        const b = ones([3]);
        return valueAndGrads(() => minimum(ones([2, 3]), b), [b]).grads[0]?.shape;
      });
    expect(shape).toThrow('the gradient of "Minimum" for "b" has shape [2,3]');
    await useBackend(cpu());
    expect(shape()).toEqual([3]);
  });

  it('refuses gradients that tfjs has wrong', () => {
    tidy(() => {
      const x = gaussian(1, 1, 3, 3, 1) as Tensor4D;
      const mirrored = () =>
        mirrorPad(
          x,
          [
            [0, 0],
            [1, 1],
            [0, 0],
            [0, 0],
          ],
          'reflect',
        );
      expect(() => valueAndGrads(mirrored, [x])).toThrow('no right gradient of mirrorPad');
      for (const resize of [image.resizeBilinear, image.resizeNearestNeighbor]) {
        expect(() => valueAndGrads(() => resize(x, [5, 5], false, true), [x])).toThrow('halfPixelCenters');
        expect(() => valueAndGrads(() => resize(x, [5, 5]), [x])).not.toThrow();
      }
    });
  });

  it('gives batched gather its gradient, which calls methods on tensors', () => {
    tidy(() => {
      const x = gaussian(1, 2, 3, 2);
      const ids = tensor([2, 0, 1, 1], [2, 2], 'int32');
      const [d] = valueAndGrads(() => gather(x, ids, 1, 1), [x], ones([2, 2, 2])).grads;
      expect(values(d)).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 2, 2, 0, 0]);
    });
  });
});

describe('the gradient of cumsum', () => {
  it.each([-1, 0])('as shipped is wrong along axis %i', (axis) => {
    tidy(() => {
      const x = gaussian(1, 2, 3);
      const attrs = { axis, exclusive: false, reverse: false };
      const run = () => asShipped('Cumsum', 'x', x, [x], attrs).shape;
      if (axis < 0) expect(run).toThrow('must match length of perm');
      else expect(run()).toEqual([3, 2]);
    });
  });

  it.each([-3, -2, -1, 0, 1, 2])('is right along axis %i, exclusive and in reverse too', (axis) => {
    const before = memory().numTensors;
    for (const exclusive of [false, true]) {
      for (const reverse of [false, true]) {
        tidy(() => {
          const [x, dy] = [gaussian(1, 2, 3, 4), gaussian(2, 2, 3, 4)];
          const f = (y: Tensor) => cumsum(y, axis, exclusive, reverse);
          expectClose(values(valueAndGrads(() => f(x), [x], dy).grads[0]), numeric(f, x, dy));
        });
      }
    }
    expect(memory().numTensors).toBe(before);
  });
});

describe('the gradients of maximum, minimum and squaredDifference', () => {
  const ops = { Maximum: maximum, Minimum: minimum, SquaredDifference: squaredDifference };

  it.each(Object.entries(ops))(
    '%s: as shipped keeps the shape of the result, repaired that of the operand',
    (name, op) => {
      tidy(() => {
        const [a, b] = [tensor([1, 2, 3, 4, 5, 6], [2, 3]), tensor([3, 1, 4])];
        const dy = tensor([1, 10, 100, 1000, 10000, 100000], [2, 3]);
        expect(asShipped(name, 'b', dy, [a, b], {}).shape).toEqual([2, 3]);
        const [da, db] = valueAndGrads(() => op(a, b), [a, b], dy).grads as [Tensor, Tensor];
        const whole = asShipped(name, 'b', dy, [a, b], {});
        expect(db.shape).toEqual([3]);
        expect(values(db)).toEqual(values(sum(whole, 0)));
        expect(values(da)).toEqual(values(asShipped(name, 'a', dy, [a, b], {})));
      });
    },
  );
});

describe('the gradient of matMul', () => {
  it('as shipped has the shape of the batch for an operand that was broadcast', () => {
    tidy(() => {
      const [x, w, dy] = [gaussian(1, 2, 3, 4), gaussian(2, 4, 5), gaussian(3, 2, 3, 5)];
      const attrs = { transposeA: false, transposeB: false };
      expect(asShipped('BatchMatMul', 'b', dy, [x, w], attrs).shape).toEqual([2, 4, 5]);
    });
  });

  it.each([
    ['a shared right side', [2, 3, 4], [4, 5]],
    ['a shared right side under two batch dimensions', [2, 2, 3, 4], [4, 5]],
    ['a shared left side', [3, 4], [2, 4, 5]],
    ['a batch of 1', [2, 3, 4], [1, 4, 5]],
    ['both sides broadcast', [2, 1, 3, 4], [3, 4, 2]],
    ['nothing broadcast', [2, 3, 4], [2, 4, 5]],
  ] as const)('is right for %s, under every transposition', (_, left, right) => {
    const turned = (shape: readonly number[]) => [...shape.slice(0, -2), shape.at(-1), shape.at(-2)] as number[];
    for (const ta of [false, true]) {
      for (const tb of [false, true]) {
        tidy(() => {
          const a = gaussian(1, ...(ta ? turned(left) : left));
          const b = gaussian(2, ...(tb ? turned(right) : right));
          const f = (x: Tensor, y: Tensor) => matMul(x, y, ta, tb);
          const dy = gaussian(3, ...f(a, b).shape);
          const [da, db] = valueAndGrads(() => f(a, b), [a, b], dy).grads as [Tensor, Tensor];
          expect([da.shape, db.shape]).toEqual([a.shape, b.shape]);
          expectClose(
            values(da),
            numeric((x) => f(x, b), a, dy),
          );
          expectClose(
            values(db),
            numeric((y) => f(a, y), b, dy),
          );
        });
      }
    }
  });

  it('for a shared right side is one product over all rows', () => {
    tidy(() => {
      const [x, w, dy] = [gaussian(1, 2, 3, 4), gaussian(2, 4, 5), gaussian(3, 2, 3, 5)];
      const [d] = valueAndGrads(() => matMul(x, w), [w], dy).grads;
      const flat = matMul(reshape(x, [6, 4]), reshape(dy, [6, 5]), true);
      expectClose(values(d), values(flat));
    });
  });
});
