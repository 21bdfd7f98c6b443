// The backward pass on the active backend: the same gradients as tfjs's own, recomputed or not, in less memory.
import { attention, memoryMeter, recompute, rmsNorm, swiglu, untaped, valueAndGrads } from '@peftjs/backend';
import {
  add,
  cast,
  greater,
  matMul,
  mean,
  mul,
  reshape,
  square,
  sum,
  type Tensor,
  tanh,
  grads as tfjsGrads,
  tidy,
  where,
} from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { expectClose, gaussian, toTensor } from './numbers.ts';
import { scoped } from './scoped.ts';

const DIM = 16;
const ROWS = 64;
const LAYERS = 6;

/** x and two matrices a layer. */
const parameters = (): Tensor[] => [
  toTensor(gaussian(1, ROWS, DIM)),
  ...Array.from({ length: 2 * LAYERS }, (_, i) => toTensor(gaussian(2 + i, DIM, DIM))),
];

function layer(x: Tensor, up: Tensor, down: Tensor): Tensor {
  return tidy(() => {
    const h = tanh(matMul(x, mul(up, 0.2)));
    return add(x, matMul(square(h), mul(down, 0.2)));
  });
}

type Run = (f: (x: Tensor) => Tensor, x: Tensor) => Tensor;

/** A residual network; `run` runs each layer. */
function network([x, ...weights]: readonly Tensor[], run: Run): Tensor {
  let h = x as Tensor;
  for (let i = 0; i < LAYERS; i++) {
    const [up, down] = weights.slice(2 * i, 2 * i + 2) as [Tensor, Tensor];
    h = run((y) => layer(y, up, down), h);
  }
  return mean(square(h));
}

const plain: Run = (f, x) => f(x);
const again: Run = (f, x) => recompute(f, x);
const twice: Run = (f, x) => recompute((y) => recompute(f, y), x);
const inPairs: Run = (f, x) => recompute((y) => add(recompute(f, y), mul(y, 0)), x);

/** The most bytes above those at the start while `f` runs. */
function peak(f: () => void): number {
  const meter = memoryMeter();
  const before = meter.bytes;
  meter.reset();
  tidy(() => {
    f();
  });
  return meter.peakBytes - before;
}

export function describeBackward(): void {
  it("gives tfjs's own gradients", async () => {
    await scoped(async () => {
      const xs = parameters();
      const ours = valueAndGrads(() => network(xs, plain), xs);
      const theirs = tfjsGrads((...ys) => network(ys as Tensor[], plain))(xs);
      await expectClose('loss', ours.value, network(xs, plain), 'the value');
      for (const [i, d] of ours.grads.entries()) {
        await expectClose('kernelGradient', d as Tensor, theirs[i] as Tensor, `gradient ${i}`);
      }
    });
  });

  it("gives tfjs's own gradients through fused ops", async () => {
    await scoped(async () => {
      const xs = [gaussian(1, 2, 6, 4, 8), gaussian(2, 2, 6, 2, 8), gaussian(3, 2, 6, 2, 8), gaussian(4, 8)].map(
        toTensor,
      );
      const mask = toTensor({ shape: [2, 6], values: new Float64Array(12).fill(1), dtype: 'float32' });
      const f = ([q, k, v, gamma]: readonly Tensor[]) => {
        const y = attention({ q: q as Tensor, k: k as Tensor, v: v as Tensor, mask }, { causal: true, scale: 0.3 });
        const n = rmsNorm({ x: y, gamma: gamma as Tensor }, { eps: 1e-5 });
        return sum(square(swiglu({ gate: n, up: reshape(q as Tensor, n.shape) }, {})));
      };
      const ours = valueAndGrads(() => f(xs), xs).grads;
      const theirs = tfjsGrads((...ys) => f(ys as Tensor[]))(xs);
      for (const [i, d] of ours.entries())
        await expectClose('kernelGradient', d as Tensor, theirs[i] as Tensor, `gradient ${i}`);
    });
  });

  it.for([
    ['each layer', again],
    ['a layer within a layer', twice],
    ['a layer and more within a layer', inPairs],
  ] as const)('recomputing %s changes nothing', async ([, run]) => {
    await scoped(async () => {
      const xs = parameters();
      const kept = valueAndGrads(() => network(xs, plain), xs);
      const made = valueAndGrads(() => network(xs, run), xs);
      await expectClose('loss', made.value, kept.value, 'the value');
      for (const [i, d] of made.grads.entries()) {
        await expectClose('kernelGradient', d as Tensor, kept.grads[i] as Tensor, `gradient ${i}`);
      }
    });
  });

  it('takes what was computed untaped for a constant', async () => {
    await scoped(async () => {
      const x = toTensor(gaussian(1, 5));
      const [d] = valueAndGrads(
        () =>
          sum(
            mul(
              x,
              untaped(() => square(x)),
            ),
          ),
        [x],
      ).grads;
      await expectClose('kernelGradient', d as Tensor, square(x), 'the gradient');
      const [none] = valueAndGrads(() => sum(untaped(() => square(x))), [x]).grads;
      expect(none).toBeNull();
    });
  });

  it('takes a comparison and a whole number for a constant', async () => {
    await scoped(async () => {
      const x = toTensor(gaussian(1, 5));
      const f = () => where(greater(x, 0), mul(x, 3), mul(x, cast(cast(mul(x, 4), 'int32'), 'float32')));
      const slopes = [...(await x.data())].map((v) => (v > 0 ? 3 : Math.trunc(Math.fround(v * 4))));
      await expectClose(
        'kernelGradient',
        valueAndGrads(() => sum(f()), [x]).grads[0] as Tensor,
        slopes,
        'the gradient',
      );
      expect(valueAndGrads(() => sum(cast(greater(x, 0), 'float32')), [x]).grads[0]).toBeNull();
    });
  });

  it("needs less memory at once than tfjs's own, and less again when layers are recomputed", async () => {
    await scoped(async () => {
      const xs = parameters();
      const theirs = peak(() => tfjsGrads((...ys) => network(ys as Tensor[], plain))(xs));
      const ours = peak(() => valueAndGrads(() => network(xs, plain), xs));
      const recomputed = peak(() => valueAndGrads(() => network(xs, again), xs));
      expect(ours / theirs).toBeLessThan(0.75);
      expect(recomputed / ours).toBeLessThan(0.75);
    });
  });
}
