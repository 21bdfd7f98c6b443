import { cpu } from '@peftjs/backend-cpu';
import { add, grads, memory, mul, square, sum, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { valueAndGrads } from './backward.ts';
import { type Form, fusedOp, hasKernel, kernel, registerKernels } from './fused-op.ts';
import { useBackend } from './use-backend.ts';

type Pair = { readonly a: Tensor; readonly b: Tensor };

/** a · b · factor. */
const form = (factor: number): Form<Pair, object> => ({
  forward: ({ a, b }) => ({ out: mul(mul(a, b), factor), saved: [a, b] }),
  grad(dy, saved) {
    const [a, b] = saved as [Tensor, Tensor];
    let scaled: Tensor | undefined;
    const once = () => (scaled ??= mul(dy, factor));
    return { a: () => mul(once(), b), b: () => mul(once(), a) };
  },
});
const product = fusedOp('TestProduct', form(1));
const values = (xs: readonly (Tensor | null)[]) => xs.map((x) => (x === null ? null : [...x.dataSync()]));

let before = 0;

beforeAll(async () => {
  await useBackend(cpu());
});
beforeEach(() => {
  before = memory().numTensors;
});
afterEach(() => {
  expect(memory().numTensors).toBe(before);
  registerKernels('cpu', []);
});

describe('fusedOp', () => {
  it('runs the reference, recorded as one operation', () => {
    tidy(() => {
      const [a, b] = [tensor1d([1, 2]), tensor1d([3, 4])];
      const { value, grads: found } = valueAndGrads(() => sum(product({ a, b }, {})), [a, b]);
      expect(values([value, ...found])).toEqual([[11], [3, 4], [1, 2]]);
      expect(product.opName).toBe('TestProduct');
    });
  });

  it('runs what the active backend has registered, and only that', () => {
    tidy(() => {
      const [a, b] = [tensor1d([1, 2]), tensor1d([3, 4])];
      registerKernels('elsewhere', [kernel(product, form(5))]);
      expect(hasKernel(product)).toBe(false);
      expect(values([product({ a, b }, {})])).toEqual([[3, 8]]);
      registerKernels('cpu', [kernel(product, form(2))]);
      expect(hasKernel(product)).toBe(true);
      const { value, grads: found } = valueAndGrads(() => sum(product({ a, b }, {})), [a, b]);
      expect(values([value, ...found])).toEqual([[22], [6, 8], [2, 4]]);
      registerKernels('cpu', []);
      expect(values([product({ a, b }, {})])).toEqual([[3, 8]]);
    });
  });

  it("shares a tensor between the closures of a gradient under tfjs's own gradients too", () => {
    tidy(() => {
      const [a, b] = [tensor1d([1, 2]), tensor1d([3, 4])];
      const pass = grads((x, y) => sum(square(product({ a: x as Tensor, b: y as Tensor }, {}))));
      expect(values(pass([a, b]))).toEqual([
        [18, 64],
        [6, 32],
      ]);
    });
  });

  it("hands dy through under tfjs's own gradients, although the same tensor is three of its inputs", () => {
    const total = fusedOp<{ a: Tensor; b: Tensor; c: Tensor }, object>('TestTotal', {
      forward: ({ a, b, c }) => ({ out: add(add(a, b), mul(c, 3)), saved: [] }),
      grad: (dy) => ({ a: () => dy, b: () => dy, c: () => mul(dy, 3) }),
    });
    tidy(() => {
      const x = tensor1d([1, 2]);
      const f = (y: Tensor) => sum(total({ a: y, b: y, c: y }, {}));
      expect(values(grads((y) => f(y as Tensor))([x]))).toEqual([[5, 5]]);
      expect(values(valueAndGrads(() => f(x), [x]).grads)).toEqual([[5, 5]]);
    });
  });

  it('takes an input without a gradient for a constant', () => {
    const shift = fusedOp<Pair, object>('TestShift', {
      forward: ({ a, b }) => ({ out: add(a, b), saved: [] }),
      grad: (dy) => ({ a: () => dy }),
    });
    tidy(() => {
      const [a, b] = [tensor1d([1]), tensor1d([2])];
      expect(values(valueAndGrads(() => sum(shift({ a, b }, {})), [a, b]).grads)).toEqual([[1], null]);
    });
  });

  it('does not compute a gradient that nobody asked for', () => {
    const asked: string[] = [];
    const counting = fusedOp<Pair, object>('TestCounting', {
      forward: ({ a, b }) => ({ out: add(a, b), saved: [] }),
      grad: (dy) => ({
        a: () => {
          asked.push('a');
          return dy;
        },
        b: () => {
          asked.push('b');
          return dy;
        },
      }),
    });
    tidy(() => {
      const [a, b] = [tensor1d([1]), tensor1d([2])];
      valueAndGrads(() => sum(counting({ a, b }, {})), [b]);
    });
    expect(asked).toEqual(['b']);
  });
});
