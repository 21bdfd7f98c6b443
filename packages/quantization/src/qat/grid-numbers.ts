// The grid without tensors: for backends that give no numbers at once.
import { type Grid, highest, lowest, TINY } from './grid.ts';

const { abs, floor, fround, max, min } = Math;

/** The nearest whole number, the even one where two are as near. */
function nearest(x: number): number {
  const below = floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

/** What a group's step is fitted to, and how many codes that is. */
function spanOf(least: number, most: number, grid: Grid): readonly [span: number, codes: number] {
  if (!(grid.symmetric ?? true)) return [fround(most - least), 2 ** grid.bits - 1];
  const [lo, hi] = [lowest(grid), highest(grid)];
  if (lo === -hi) return [max(most, -least), hi];
  return [most > -least ? most : least, lo];
}

/** What `roundToGrid` makes of a matrix [o, i], number by number. */
export function numbersOnGrid(values: Float32Array, inDim: number, grid: Grid): Float32Array {
  const { group = inDim, symmetric = true, bits } = grid;
  const [lo, hi] = symmetric ? [lowest(grid), highest(grid)] : [0, 2 ** bits - 1];
  const out = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += group) {
    const numbers = values.subarray(start, start + group);
    const least = numbers.reduce((a, b) => min(a, b), Number.POSITIVE_INFINITY);
    const [span, codes] = spanOf(
      least,
      numbers.reduce((a, b) => max(a, b), Number.NEGATIVE_INFINITY),
      grid,
    );
    const fitted = fround(span / codes);
    const step = fround(abs(fitted) < TINY ? TINY : fitted);
    const offset = symmetric ? 0 : least;
    for (const [i, x] of numbers.entries()) {
      const code = min(hi, max(lo, nearest(fround(fround(x - offset) / step))));
      out[start + i] = fround(code * step) + offset;
    }
  }
  return out;
}
