// The edges of the backward pass. That it agrees with tfjs's own, and frees as it goes, stands in the backend suite.
import { cpu } from '@peftjs/backend-cpu';
import {
  add,
  clone,
  memory,
  mul,
  square,
  sum,
  type Tensor,
  tensor,
  tensor1d,
  grads as tfjsGrads,
  tidy,
  topk,
  variable,
} from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recompute, valueAndGrads } from './backward.ts';
import { engine } from './engine.ts';
import { fusedOp } from './fused-op.ts';
import { useBackend } from './use-backend.ts';

const values = (xs: readonly (Tensor | null)[]) => xs.map((x) => (x === null ? null : [...x.dataSync()]));
const broken = (found: (dy: Tensor) => object) =>
  fusedOp<{ x: Tensor }, object>('TestBroken', {
    forward: ({ x }) => ({ out: clone(x), saved: [] }),
    grad: found as never,
  });

let before = 0;

beforeAll(async () => {
  await useBackend(cpu());
});
beforeEach(() => {
  before = memory().numTensors;
});
afterEach(() => {
  const { activeTape, gradientDepth, kernelDepth, activeScope } = engine().state;
  expect([activeTape ?? null, gradientDepth, kernelDepth, activeScope ?? null]).toEqual([null, 0, 0, null]);
  expect(memory().numTensors).toBe(before);
});

describe('valueAndGrads', () => {
  it('gives the value and the gradients to the caller, and frees the rest', () => {
    const x = tensor1d([1, 2]);
    const y = tidy(() => variable(tensor1d([3, 4]), false));
    const held = memory().numTensors;
    const { value, grads } = valueAndGrads(() => sum(mul(square(x), y)), [x, y]);
    expect(values([value, ...grads])).toEqual([[19], [6, 16], [1, 4]]);
    expect(memory().numTensors).toBe(held + 3);
    for (const t of [value, ...grads]) t?.dispose();
    expect(memory().numTensors).toBe(held);
    y.dispose();
    x.dispose();
  });

  it('gives null where the value does not depend on a tensor, and the same gradient for the same tensor', () => {
    tidy(() => {
      const [x, y] = [tensor1d([1, 2]), tensor1d([3, 4])];
      expect(values(valueAndGrads(() => sum(square(x)), [y, x, x]).grads)).toEqual([null, [2, 4], [2, 4]]);
    });
  });

  it('starts from dy', () => {
    tidy(() => {
      const x = tensor1d([1, 2]);
      const { value, grads } = valueAndGrads(() => square(x), [x], tensor1d([10, 100]));
      expect(values([value, ...grads])).toEqual([
        [1, 4],
        [20, 400],
      ]);
    });
  });

  it('knows the gradient of a tensor made on the way, and of the value itself', () => {
    tidy(() => {
      const x = tensor1d([3]);
      const { value, grads } = valueAndGrads(() => x, [x]);
      expect(values([value, ...grads])).toEqual([[3], [1]]);
      expect(values([x])).toEqual([[3]]);
    });
  });

  it('adds up what comes from several uses, and from one operation that takes a tensor twice', () => {
    tidy(() => {
      const x = tensor1d([2, 3]);
      const f = () => sum(add(mul(x, x), add(x, add(x, x))));
      expect(values(valueAndGrads(f, [x]).grads)).toEqual([[7, 9]]);
    });
  });

  it('does not touch the gradients of a pass around it', () => {
    tidy(() => {
      const x = tensor1d([2]);
      let inner: readonly (Tensor | null)[] = [];
      const outer = valueAndGrads(() => {
        inner = valueAndGrads(() => sum(square(x)), [x]).grads;
        return sum(mul(square(x), 3));
      }, [x]);
      expect(values(outer.grads)).toEqual([[12]]);
      expect(inner).toHaveLength(1);
    });
  });

  it('names an operation without a gradient, and leaves everything as it was', () => {
    const x = tensor([1, 3, 2]);
    expect(() => valueAndGrads(() => sum(topk(x, 2).values), [x])).toThrow(
      '[peftjs/backend] "TopK" has no gradient; write it as a fusedOp, or use another operation',
    );
    x.dispose();
  });

  it('leaves everything as it was when the function throws', () => {
    const x = tensor1d([1]);
    const fails = () => {
      square(x);
      throw new Error('in the middle');
    };
    expect(() => valueAndGrads(fails, [x])).toThrow('in the middle');
    expect(() => valueAndGrads(() => recompute(fails, square(x)), [x])).toThrow('in the middle');
    x.dispose();
  });

  it('says which gradient has the wrong shape', () => {
    tidy(() => {
      const x = tensor1d([1, 2]);
      const short = broken((dy) => ({ x: () => sum(dy) }));
      expect(() => valueAndGrads(() => sum(short({ x }, {})), [x])).toThrow(
        '[peftjs/backend] the gradient of "TestBroken" for "x" has shape [], its input has [2]',
      );
    });
  });
});

describe('recompute', () => {
  const f = (y: Tensor, w: Tensor) => square(mul(y, w));

  it('is the function itself outside a backward pass', () => {
    tidy(() => {
      expect(values([recompute((y) => square(y), tensor1d([3]))])).toEqual([[9]]);
    });
  });

  it('finds the gradients of the tensors that are trained', () => {
    tidy(() => {
      const [x, w] = [tensor1d([2]), tensor1d([3])];
      const { grads } = valueAndGrads(() => sum(recompute((y) => f(y, w), mul(x, 1))), [x, w]);
      expect(values(grads)).toEqual([[36], [24]]);
    });
  });

  it("loses no gradient under tfjs's own gradients", () => {
    tidy(() => {
      const [x, w] = [tensor1d([2]), tensor1d([3])];
      const pass = tfjsGrads((y, v) => sum(recompute((z) => f(z, v as Tensor), y as Tensor)));
      expect(values(pass([x, w]))).toEqual([[36], [24]]);
    });
  });

  it('runs the function again, once', () => {
    let runs = 0;
    tidy(() => {
      const [x, w] = [tensor1d([2]), tensor1d([3])];
      const counted = (y: Tensor) => {
        runs++;
        return f(y, w);
      };
      valueAndGrads(() => sum(recompute(counted, mul(x, 1))), [x, w]);
    });
    expect(runs).toBe(2);
  });

  it('passes constants on, and no gradient to them', () => {
    tidy(() => {
      const [x, c] = [tensor1d([2]), tensor1d([5])];
      const made = () => sum(recompute((y, k) => mul(y, k as Tensor), mul(x, 1), mul(c, 2)));
      expect(values(valueAndGrads(made, [x, c]).grads)).toEqual([[10], null]);
    });
  });
});
