import { describe, expect, test } from 'vitest';
import { constant, cosine, linear, type Schedule } from './schedules.ts';

// As transformers computes them: get_linear_schedule_with_warmup and get_cosine_schedule_with_min_lr_schedule_with_warmup.
const theirLinear = (step: number, total: number, warmup: number) =>
  step < warmup ? step / Math.max(1, warmup) : Math.max(0, (total - step) / Math.max(1, total - warmup));
const theirCosine = (step: number, total: number, warmup: number, floor = 0) => {
  if (step < warmup) return step / Math.max(1, warmup);
  const progress = (step - warmup) / Math.max(1, total - warmup);
  return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * 2 * 0.5 * progress)) * (1 - floor) + floor);
};

const pairs: [string, (warmup: number) => Schedule, typeof theirLinear][] = [
  ['linear', (warmup) => linear({ warmup }), theirLinear],
  ['cosine', (warmup) => cosine({ warmup }), theirCosine],
  ['cosine with a floor', (warmup) => cosine({ warmup, floor: 0.1 }), (s, t, w) => theirCosine(s, t, w, 0.1)],
];

describe.each(pairs)('%s', (_, make, theirs) => {
  test.each([0, 1, 4])('is that of transformers from warm-up to last step, warm-up %i', (warmup) => {
    const total = 20;
    const ours = make(warmup);
    for (let step = warmup; step < total; step++)
      expect(ours(step, total)).toBeCloseTo(theirs(step, total, warmup), 12);
    // Rising, ours is a step ahead: theirs gives the first step a rate of 0, and so wastes it.
    for (let step = 0; step < warmup; step++)
      expect(ours(step, total)).toBeCloseTo(theirs(step + 1, total, warmup), 12);
  });

  test('first and last step', () => {
    expect(make(0)(0, 10)).toBe(1);
    expect(make(5)(0, 10)).toBeCloseTo(0.2, 12);
    expect(make(5)(4, 10)).toBe(1);
    expect(make(0)(9, 10)).toBeCloseTo(theirs(9, 10, 0), 12);
    expect(make(0)(9, 10)).toBeGreaterThan(0);
    expect(make(0)(0, 1)).toBe(1);
  });
});

test('a warm-up below 1 is a share of the run', () => {
  for (let step = 0; step < 40; step++) expect(linear({ warmup: 0.1 })(step, 40)).toBe(linear({ warmup: 4 })(step, 40));
});

test('the floor is where a schedule ends, never above where it starts', () => {
  for (const make of [linear, cosine]) {
    const rates = Array.from({ length: 101 }, (_, step) => make({ floor: 0.2 })(step, 100));
    expect(rates[0]).toBe(1);
    expect(rates.at(-1)).toBeCloseTo(0.2, 12);
    for (const [i, rate] of rates.slice(1).entries()) expect(rate).toBeLessThan((rates[i] as number) + 1e-12);
  }
  expect(constant(7, 10)).toBe(1);
});
