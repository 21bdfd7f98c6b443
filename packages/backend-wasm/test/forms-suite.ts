// Every form of a fused op against the op's reference, value and gradients, at sizes off every vector and block.
import {
  adamw,
  attention,
  crossEntropy,
  type Form,
  type FusedOp,
  gelu,
  hasKernel,
  IGNORED,
  type Inputs,
  layerNorm,
  lookupOp,
  lowRank,
  lowRankRows,
  normal,
  packedMatMulOp,
  packedRows,
  random,
  rmsNorm,
  rope,
  swiglu,
  useBackend,
  valueAndGrads,
} from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { memory, square, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

let seed = 1;

function gaussian(...shape: number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(normal(random(seed++), size, 1), shape);
}

function integers(values: number[], shape: number[] = [values.length]): Tensor {
  return tensor(values, shape, 'int32');
}

/** Of errors beside the largest value or 1, in float32. */
const TOLERANCE = 2e-5;

function expectClose(got: Tensor, want: Tensor, what: string): void {
  expect(got.shape, what).toEqual(want.shape);
  const [g, w] = [got, want].map((x) => x.dataSync<'float32'>()) as [Float32Array, Float32Array];
  const size = w.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
  const worst = w.reduce((a, b, i) => Math.max(a, Math.abs(b - (g[i] as number))), 0);
  expect(worst / size, what).toBeLessThan(TOLERANCE);
  expect(g.every(Number.isFinite), `${what} is finite`).toBe(true);
}

/** Checks one call: the value and the gradient of every float input; and that nothing stays behind. */
function check<I extends Inputs, A extends object>(op: FusedOp<I, A>, inputs: I, attrs: A): void {
  const before = memory().numTensors;
  tidy(() => {
    const reference: Form<I, A> = op.reference;
    const { out, saved } = reference.forward(inputs, attrs);
    const dy = gaussian(...out.shape);
    const closures = reference.grad(dy, saved, attrs);
    const names = Object.keys(inputs).filter((name) => closures[name] !== undefined);
    const xs = names.map((name) => inputs[name] as Tensor);
    const pass = valueAndGrads(() => op(inputs, attrs), xs, dy);
    expectClose(pass.value, out, op.opName);
    for (const [i, name] of names.entries()) {
      expectClose(pass.grads[i] as Tensor, (closures[name] as () => Tensor)(), `${op.opName}, gradient of ${name}`);
      // Each gradient must be right when it is the only one asked for, too.
      const alone = valueAndGrads(() => op(inputs, attrs), [xs[i] as Tensor], dy);
      expectClose(alone.grads[0] as Tensor, pass.grads[i] as Tensor, `${op.opName}, gradient of ${name} alone`);
    }
  });
  expect(memory().numTensors, 'tensors left behind').toBe(before);
}

const SIZES = [1, 3, 17, 130] as const;

export function describeForms(threads: number): void {
  describe(`fused ops on ${threads} thread${threads === 1 ? '' : 's'}`, () => {
    beforeAll(async () => {
      await useBackend(wasm({ threads }));
      seed = 1;
    });

    it('computes each of them on its own kernels', () => {
      for (const op of [
        adamw,
        attention,
        crossEntropy,
        gelu,
        layerNorm,
        lookupOp,
        lowRank,
        lowRankRows,
        packedMatMulOp,
        packedRows,
        rmsNorm,
        rope,
        swiglu,
      ]) {
        expect(hasKernel(op), op.opName).toBe(true);
      }
    });

    it('RmsNorm', () => {
      for (const rows of SIZES) {
        for (const d of SIZES) check(rmsNorm, { x: gaussian(rows, d), gamma: gaussian(d) }, { eps: 1e-5 });
      }
      check(rmsNorm, { x: gaussian(4, 70, 256), gamma: gaussian(256) }, { eps: 1e-5 });
    });

    it('LayerNorm', () => {
      for (const rows of SIZES) {
        for (const d of SIZES) {
          check(layerNorm, { x: gaussian(rows, d), gamma: gaussian(d), beta: gaussian(d) }, { eps: 1e-5 });
        }
      }
      check(layerNorm, { x: gaussian(4, 70, 256), gamma: gaussian(256), beta: gaussian(256) }, { eps: 1e-12 });
      const constant = tensor(new Float32Array(3 * 130).fill(12345.678), [3, 130]);
      const beta = gaussian(130);
      check(layerNorm, { x: constant, gamma: gaussian(130), beta }, { eps: 1e-5 });
    });

    it('Gelu', () => {
      for (const exact of [true, false]) {
        for (const n of [...SIZES, 4097, 70_001]) check(gelu, { x: gaussian(n) }, { exact });
        check(gelu, { x: tensor([-1e18, -200, -13.3, -13.1, -5, -1e-8, 0, 1e-8, 5, 200, 1e18]) }, { exact });
      }
    });

    it('Rope', () => {
      for (const [b, t, h, f] of [
        [1, 1, 1, 1],
        [2, 3, 5, 3],
        [3, 17, 2, 8],
        [2, 130, 4, 16],
      ] as const) {
        for (const rows of [1, b]) {
          check(rope, { x: gaussian(b, t, h, 2 * f), cos: gaussian(rows, t, f), sin: gaussian(rows, t, f) }, {});
        }
      }
    });

    it('Swiglu', () => {
      for (const n of [...SIZES, 4097, 70_001]) check(swiglu, { gate: gaussian(n), up: gaussian(n) }, {});
      check(swiglu, { gate: tensor([-200, -90, -1e-8, 0, 1e-8, 90, 200]), up: gaussian(7) }, {});
    });

    it('CrossEntropy', () => {
      for (const n of SIZES) {
        for (const v of [2, 17, 130, 1001]) {
          const labels = Array.from({ length: n }, (_, i) => (i % 5 === 3 ? IGNORED : (i * 7) % v));
          check(crossEntropy, { logits: gaussian(n, v), labels: integers(labels) }, {});
        }
      }
      check(
        crossEntropy,
        {
          logits: tensor([
            [1000, -1000, 0],
            [-3e4, -3e4, -3e4],
          ]),
          labels: integers([1, 2]),
        },
        {},
      );
    });

    it('Lookup', () => {
      for (const d of SIZES) {
        check(lookupOp, { table: gaussian(9, d), ids: integers([8, 0, 3, 3, 1, 3], [2, 3]) }, { rows: 9 });
      }
    });

    it('LowRank', () => {
      for (const n of SIZES) {
        for (const rank of [1, 3, 8]) {
          const inputs = { y: gaussian(n, 19), x: gaussian(n, 13), a0: gaussian(rank, 13), b0: gaussian(19, rank) };
          check(lowRank, inputs, { scales: [2] });
          check(lowRank, { ...inputs, a1: gaussian(5, 13), b1: gaussian(19, 5) }, { scales: [0.5, -1.5] });
        }
      }
      const batched = { y: gaussian(3, 40, 70), x: gaussian(3, 40, 60), a0: gaussian(8, 60), b0: gaussian(70, 8) };
      check(lowRank, batched, { scales: [2] });
      const two = { ...batched, a1: gaussian(5, 60), b1: gaussian(70, 5) };
      for (const rows of [
        [
          [0, 40],
          [40, 120],
        ],
        [
          [70, 71],
          [0, 90],
        ],
      ] as const)
        check(lowRankRows, two, { scales: [2, 0.5], rows });
    });

    it.each([false, true])('Attention, causal %s', (causal) => {
      for (const [b, t, s, h, g, f] of [
        [1, 1, 1, 1, 1, 1],
        [2, 3, 3, 2, 1, 5],
        [2, 1, 130, 6, 2, 16],
        [1, 4, 17, 4, 4, 3],
        [1, 17, 17, 3, 3, 8],
        [2, 17, 33, 4, 2, 12],
        [2, 130, 130, 4, 2, 16],
        [1, 100, 130, 2, 1, 24],
      ] as const) {
        const [q, k, v] = [gaussian(b, t, h, f), gaussian(b, s, g, f), gaussian(b, s, g, f)];
        const whole = tensor(new Float32Array(b * s).fill(1), [b, s]);
        const ragged = tensor(
          Array.from({ length: b * s }, (_, i) => Number((i * 5) % 7 !== 2)),
          [b, s],
        );
        const padded = tensor(
          Array.from({ length: b * s }, (_, i) => Number(i % s >= s / 3)),
          [b, s],
        );
        for (const mask of [whole, ragged, padded]) check(attention, { q, k, v, mask }, { causal, scale: 0.7 });
      }
    });

    it('Attention over nothing but padding', () => {
      const [q, k, v] = [gaussian(1, 7, 2, 4), gaussian(1, 7, 1, 4), gaussian(1, 7, 1, 4)];
      for (const causal of [false, true]) {
        check(attention, { q, k, v, mask: tensor(new Float32Array(7), [1, 7]) }, { causal, scale: 0.5 });
      }
    });

    it('AdamW', () => {
      for (const n of [...SIZES, 20_001]) {
        for (const step of [1, 7]) {
          tidy(() => {
            const inputs = { p: gaussian(n), g: gaussian(n), m: gaussian(n), v: square(gaussian(n)) };
            const attrs = {
              learningRate: 0.1,
              beta1: 0.9,
              beta2: 0.999,
              eps: 1e-8,
              weightDecay: 0.1,
              step,
              gradientScale: 0.3,
            };
            const want = adamw.reference(inputs, attrs);
            for (const [i, got] of adamw(inputs, attrs).entries()) expectClose(got, want[i] as Tensor, `part ${i}`);
          });
        }
      }
    });
  });
}
