// Any few weighted LoRA adapters of two modules, and how near a combination comes to what is expected of it.
import type { AdapterSnapshot } from '@peftjs/core';
import fc from 'fast-check';
import { changeOf, distance, type Layer, snapshot, sumOf } from './snapshots.ts';

/** As near as float32 factors of a matrix can come to it. */
export const ROUNDING: number = 1e-6;

export const O = 7;
export const I = 9;
const layer = fc.record({ r: fc.integer({ min: 1, max: 5 }), present: fc.boolean() });
const adapter = fc
  .record({
    seed: fc.integer({ min: 1, max: 1000 }),
    alpha: fc.integer({ min: 1, max: 20 }),
    rslora: fc.boolean(),
    layers: fc.tuple(layer, layer),
  })
  .map(({ seed, alpha, rslora, layers: [first, second] }) => {
    const layers: Layer[] = [{ path: 'x.0.q', o: O, i: I, r: first.r }];
    if (second.present) layers.push({ path: 'x.1.q', o: I, i: O, r: second.r });
    return snapshot(seed, layers, { lora_alpha: alpha, use_rslora: rslora });
  });
const weight = fc.double({ min: -2, max: 2, noNaN: true }).filter((w) => Math.abs(w) > 1e-3);
export const parts = fc.uniqueArray(fc.record({ adapter, weight }), {
  minLength: 1,
  maxLength: 3,
  selector: ({ adapter: one }) => one.tensors[0]?.data.join(),
});
const PATHS = ['x.0.q', 'x.1.q'];
export type Parts = readonly { readonly adapter: AdapterSnapshot; readonly weight: number }[];

/** The true sum at a path, in plain loops. */
export function trueSum(all: Parts, path: string): number[] {
  return sumOf(...all.map(({ adapter: one, weight: w }) => [w, changeOf(one, path, O * I)] as const));
}

export const pathsOf = (all: Parts) =>
  PATHS.filter((path) => all.some(({ adapter: { tensors } }) => tensors.some(({ key }) => key.includes(path))));

/** The largest distance to what is expected over all modules. */
export function farthest(
  result: AdapterSnapshot,
  all: Parts,
  expected: (path: string) => number[] = (path) => trueSum(all, path),
) {
  return Math.max(...pathsOf(all).map((path) => distance(changeOf(result, path), expected(path))));
}

export async function hold(all: fc.Arbitrary<Parts>, law: (given: Parts) => Promise<void>): Promise<void> {
  const property = fc.asyncProperty(all, async (given) => {
    await law(given);
  });
  await fc.assert(property, { numRuns: 40, seed: 7 });
}
