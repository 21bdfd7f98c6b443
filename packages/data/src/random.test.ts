import { expect, it } from 'vitest';
import { permutation, random, xoshiro128 } from './random.ts';

it("gives the numbers of the generator's reference implementation", () => {
  const next = xoshiro128(1, 2, 3, 4, 1);
  expect(Array.from({ length: 10 }, next)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
});

it('depends on every seed and on their order', () => {
  const first = (...seeds: number[]): number => random(...seeds)();
  const drawn = [first(0, 0), first(0, 1), first(1, 0), first(-1, 0), first(2 ** 40, 0), first(2 ** 41, 0), first(0)];
  expect(new Set(drawn).size).toBe(drawn.length);
  expect(first(0, 1)).toBe(first(0, 1));
});

it('permutes without a bias that 4,000 draws would show', () => {
  const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
  for (let seed = 0; seed < 4000; seed++) permutation(4, seed).forEach((value, place) => void counts[place]![value]!++);
  // Each count is binomial with mean 1000 and standard deviation 27.
  for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(140);
});
