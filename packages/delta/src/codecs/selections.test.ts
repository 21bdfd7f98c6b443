// Which numbers are kept, as it is found one by one, however many they are and however many are alike.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numbers } from '../../test/models.ts';
import { dare, largest, type Selection } from './selections.ts';

/** In steps, so that many are alike or 0, or any. */
const changes = fc.record({
  rows: fc.integer({ min: 1, max: 6 }),
  columns: fc.integer({ min: 1, max: 75 }),
  steps: fc.constantFrom(0, 2, 9),
  size: fc.constantFrom(1, 2 ** -130, 2 ** -145),
  density: fc.double({ min: 0.01, max: 1, noNaN: true }),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

/** The places that are kept, asked for row by row. */
async function kept(select: Selection, values: Float32Array, columns: number, density: number): Promise<number[]> {
  const rows = values.length / columns;
  const read = async (begin: number, end: number) => values.slice(begin * columns, end * columns);
  const { mark } = await select({ rows, columns, read }, density, async () => {});
  const places: number[] = [];
  for (let row = 0; row < rows; row++) {
    const mask = mark(values.slice(row * columns, (row + 1) * columns));
    expect(mask).toHaveLength(Math.ceil(columns / 8));
    for (let at = 0; at < 8 * mask.length; at++)
      if (((mask[at >> 3] as number) >> (at & 7)) & 1) places.push(row * columns + at);
  }
  return places;
}

const some = ({ rows, columns, steps, size, seed }: { [key: string]: number }) =>
  numbers(seed as number, (rows as number) * (columns as number)).map(
    (v) => (steps ? Math.round(v * steps) : v) * (size as number),
  );

test('the largest come first, and of those that are alike in their upper half the first ones', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (one) => {
      const values = some(one);
      const halves = Array.from(new Uint32Array(values.buffer), (bits) => (bits & 0x7fffffff) >>> 16);
      const order = [...values.keys()].filter((at) => values[at] !== 0);
      order.sort((a, b) => (halves[b] as number) - (halves[a] as number) || a - b);
      const wanted = order.slice(0, Math.round(one.density * values.length)).sort((a, b) => a - b);
      expect(await kept(largest, values, one.columns, one.density)).toEqual(wanted);
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('what is drawn depends on the seed alone, and is no zero', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (one) => {
      const values = some(one);
      let state = Math.imul(one.seed, 2_654_435_761) + 1;
      const wanted = [...values.keys()].filter((at) => {
        state = Math.imul(state, 1_664_525) + 1_013_904_223;
        return state >>> 0 < one.density * 2 ** 32 && values[at] !== 0;
      });
      expect(await kept(dare({ seed: one.seed }), values, one.columns, one.density)).toEqual(wanted);
    }),
    { seed: 7, numRuns: 100 },
  );
});
