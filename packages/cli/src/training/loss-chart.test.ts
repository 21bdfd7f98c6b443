import { expect, test } from 'vitest';
import { lossChart } from './loss-chart.ts';

test('draws losses from the highest to the lowest, as wide as they are many', () => {
  const lines = lossChart(Array.from({ length: 20 }, (_, i) => 4 - i / 10));
  expect(lines[0]).toMatch(/^ {4}4\.000 [┼┤]/);
  expect(lines.at(-2)).toMatch(/^ {4}2\.100 ┤/);
  expect(lines.at(-1)).toMatch(/└─{20} step 20$/);
});

test('averages what does not fit, and draws no single point', () => {
  const lines = lossChart(Array.from({ length: 1000 }, (_, i) => i % 2));
  expect(Math.max(...lines.slice(0, -1).map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.at(-1)).toMatch(/step 1000$/);
  expect(lossChart([1])).toEqual([]);
});
