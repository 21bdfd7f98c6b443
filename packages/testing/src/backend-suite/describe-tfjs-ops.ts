// tfjs's own operations and their gradients: against the reference backend's, or where the backend is that reference
// itself, against finite differences.
import { type Backend, useBackend, valueAndGrads } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError, TOLERANCES } from '../tolerances.ts';
import type { BackendSuiteOptions } from './backend-suite-options.ts';
import { gaussian, moved, type Numbers, toTensor } from './numbers.ts';
import { scoped } from './scoped.ts';
import type { TfjsCase } from './tfjs-case.ts';
import { type OperationGroup, tfjsCases } from './tfjs-cases.ts';

/** The value and the gradient of each input, flat. */
interface Found {
  readonly shape: readonly number[];
  readonly value: Float32Array;
  readonly grads: readonly Float32Array[];
}

const GROUPS = Object.keys(tfjsCases) as OperationGroup[];

export function describeTfjsOps(
  backend: Backend,
  { reference, lacks = {}, operations = GROUPS }: BackendSuiteOptions,
): void {
  const chosen = operations.map((group) => [group, tfjsCases[group]] as const);
  const expected = new Map<TfjsCase, Found>();
  beforeAll(async () => {
    if (reference === undefined) return;
    await useBackend(reference);
    for (const one of chosen.flatMap(([, cases]) => cases)) expected.set(one, await run(one));
    await useBackend(backend);
  });

  describe.for(chosen)('%s', ([, cases]) => {
    it.for(cases.map((one) => [one.title, one] as const))('%s', async ([title, one]) => {
      const missing = lacks[title];
      if (missing !== undefined) {
        await expect(run(one)).rejects.toThrow(missing);
        return;
      }
      const found = await run(one);
      const other = expected.get(one);
      if (other !== undefined) expectSame(found, other);
      else if (!one.kinked) await expectDerivative(one, found);
    });
  });
}

async function run({ f, inputs }: TfjsCase): Promise<Found> {
  let found: Found | undefined;
  await scoped(async () => {
    const xs = inputs.map(toTensor);
    const { shape } = f(...xs);
    const dy = toTensor(gaussian(98, ...shape));
    const { value, grads } = valueAndGrads(() => f(...xs), xs, dy);
    const read = async (t: Tensor | null) => (await (t as Tensor).data()).slice() as Float32Array;
    for (const [i, d] of grads.entries()) expect(d?.shape, `shape of gradient ${i}`).toEqual(xs[i]?.shape);
    found = { shape, value: await read(value), grads: await Promise.all(grads.map(read)) };
  });
  return found as Found;
}

function expectSame(found: Found, other: Found): void {
  expect(found.shape, 'shape').toEqual(other.shape);
  expect(relativeError(found.value, other.value), 'error of the value').toBeLessThanOrEqual(TOLERANCES.kernel);
  for (const [i, d] of found.grads.entries()) {
    const error = relativeError(d, other.grads[i] as Float32Array);
    expect(error, `error of gradient ${i}`).toBeLessThanOrEqual(TOLERANCES.kernelGradient);
  }
}

async function expectDerivative({ f, inputs }: TfjsCase, { shape, grads }: Found): Promise<void> {
  const dy = gaussian(98, ...shape).values;
  const step = 1 / 128;
  for (const [i, x] of inputs.entries()) {
    const along = gaussian(76, ...x.shape).values;
    const value = async (by: number): Promise<number> => {
      let total = 0;
      await scoped(async () => {
        const xs = inputs.map((other, j) => toTensor(j === i ? (moved(x, along, by) as Numbers) : other));
        for (const [k, v] of ((await f(...xs).data()) as Float32Array).entries()) total += v * (dy[k] as number);
      });
      return total;
    };
    const want = ((await value(step)) - (await value(-step))) / (2 * step);
    const parts = Array.from(grads[i] as Float32Array, (d, k) => d * (along[k] as number));
    const error = Math.abs(parts.reduce((p, q) => p + q, 0) - want) / parts.reduce((p, q) => p + Math.abs(q), 1);
    expect(error, `error of gradient ${i} along a direction`).toBeLessThanOrEqual(TOLERANCES.finiteDifference);
  }
}
