import { readFileSync } from 'node:fs';
import { useBackend, valueAndGrads } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { leakGuard } from '@peftjs/testing/suites';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { firstSteps, type Grid, roundToGrid } from './grid.ts';
import { gridStorage } from './grid-storage.ts';

type Numbers = readonly number[];

interface Golden {
  readonly shape: readonly number[];
  readonly cases: readonly ({ readonly bits: number; readonly group: number } & Readonly<
    Record<'weight' | 'first' | 'steps' | 'gradient' | 'rounded' | 'weightGradient' | 'stepsGradient', Numbers>
  >)[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../../../golden/qat/learned-steps.json', import.meta.url), 'utf8'),
) as Golden;

beforeAll(async () => {
  await useBackend(cpu());
});
leakGuard();

const read = (make: () => Tensor): Float32Array => tidy(() => (make().dataSync() as Float32Array).slice());
const rounded = (values: ArrayLike<number>, inDim: number, grid: Grid) =>
  read(() => roundToGrid(tensor(Float32Array.from(values), [values.length / inDim, inDim]), grid));

function expectClose(found: ArrayLike<number>, wanted: Numbers): void {
  for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 5);
}

describe('learned steps', () => {
  it.each(golden.cases)('have the gradients of torch: $bits bits, groups of $group', (one) => {
    const { bits, group } = one;
    const [outDim = 0, inDim = 0] = golden.shape;
    tidy(() => {
      const weight = tensor(one.weight as number[], [outDim, inDim]);
      const steps = tensor(one.steps as number[], [outDim, inDim / group]);
      const dy = tensor(one.gradient as number[], [outDim, inDim]);
      expectClose(firstSteps(weight, { bits, group }).dataSync(), one.first);
      const { value, grads } = valueAndGrads(() => roundToGrid(weight, { bits, group }, steps), [weight, steps], dy);
      expectClose(value.dataSync(), one.rounded);
      expectClose(grads[0]?.dataSync() ?? [], one.weightGradient);
      expectClose(grads[1]?.dataSync() ?? [], one.stepsGradient);
    });
  });

  it('leave a group of zeros, and can grow from it', () => {
    tidy(() => {
      const weight = tensor([0, 0, 0, 0], [1, 4]);
      const steps = firstSteps(weight, { bits: 4 });
      const [used] = valueAndGrads(() => roundToGrid(tensor([1, 2, 3, 4], [1, 4]), { bits: 4 }, steps), [steps]).grads;
      expect([...roundToGrid(weight, { bits: 4 }, steps).dataSync()]).toEqual([0, 0, 0, 0]);
      expect(used?.dataSync()[0]).toBeCloseTo((4 * 7) / Math.sqrt(4 * 7), 4);
    });
  });
});

describe('steps that fit', () => {
  const weights = fc
    .array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: 32, maxLength: 32 })
    .map((x) => x.map((v) => (Math.abs(v) < 1e-20 ? 0 : v)));
  const grids = fc.record({
    bits: fc.integer({ min: 2, max: 8 }),
    group: fc.constantFrom(undefined, 4, 8, 16),
    symmetric: fc.boolean(),
  });

  it('err by half a step, keep the order within a group, and round what is rounded to itself', () => {
    fc.assert(
      fc.property(weights, grids, (x, grid) => {
        const once = rounded(x, 16, grid);
        const g = grid.group ?? 16;
        for (let start = 0; start < 32; start += g) {
          const [own, out] = [x.slice(start, start + g), once.slice(start, start + g)];
          const size = Math.max(...own.map(Math.abs));
          const half = 2 ** (grid.bits - 1);
          const range = Math.max(...own) - Math.min(...own);
          const step = grid.symmetric ? size / (grid.bits === 8 ? 127 : half) : range / (2 * half - 1);
          // Below 8 bits the other side of zero has a code less.
          const most = grid.symmetric && grid.bits < 8 ? step : step / 2;
          for (const [i, v] of own.entries()) {
            expect(Math.abs(v - (out[i] as number))).toBeLessThanOrEqual(most + 1e-6 * size);
            for (const [k, w] of own.entries()) if (w > v) expect(out[k]).toBeGreaterThanOrEqual(out[i] as number);
          }
          const again = rounded(once, 16, grid).slice(start, start + g);
          for (const [i, v] of out.entries())
            expect(Math.abs((again[i] as number) - v)).toBeLessThanOrEqual(2e-6 * size);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are the same without tensors, bit for bit', () => {
    const ties = fc.array(fc.constantFrom(-8, -4, -2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 3.5, 7), {
      minLength: 32,
      maxLength: 32,
    });
    fc.assert(
      fc.property(fc.oneof(weights, ties), grids, (x, grid) => {
        const found = gridStorage(grid).rounded?.(Float32Array.from(x), 2, 16);
        expect(found?.map((v) => v + 0)).toEqual(rounded(x, 16, grid).map((v) => v + 0));
      }),
      { numRuns: 200 },
    );
  });

  it('say a group of zeros, or of one number, as it is', () => {
    expect([...rounded([0, 0, 0, 0, 3, 3, 3, 3], 4, { bits: 3 })]).toEqual([0, 0, 0, 0, 3, 3, 3, 3]);
    expect([...rounded([0, 0, -2, -2], 2, { bits: 2, symmetric: false })]).toEqual([0, 0, -2, -2]);
  });

  it('let the gradient through as it is', () => {
    tidy(() => {
      const w = tensor([0.1, -0.9, 3, 0.4], [1, 4]);
      for (const symmetric of [true, false]) {
        const dy = tensor([1, 2, 3, 4], [1, 4]);
        const [grad] = valueAndGrads(() => roundToGrid(w, { bits: 3, symmetric }), [w], dy).grads;
        expect([...(grad?.dataSync() ?? [])]).toEqual([1, 2, 3, 4]);
      }
    });
  });

  it('are shown what is no number', () => {
    expect([...rounded([1, Number.NaN], 2, { bits: 4 })].some(Number.isNaN)).toBe(true);
    expect(gridStorage({ bits: 4 }).rounded?.(Float32Array.of(1, Number.NaN), 1, 2).some(Number.isNaN)).toBe(true);
  });
});
