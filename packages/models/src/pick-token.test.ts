import { random } from '@peftjs/backend';
import { describe, expect, test } from 'vitest';
import { pickToken, type SamplingOptions } from './pick-token.ts';

const LOGITS = Float32Array.of(1, 3, 2, -1, 3.5);
const softmax = (temperature: number) => {
  const weights = [...LOGITS].map((l) => Math.exp(l / temperature));
  const total = weights.reduce((n, w) => n + w, 0);
  return weights.map((w) => w / total);
};

/** How often each token is drawn. */
function shares(options: SamplingOptions, n = 20_000): number[] {
  const next = random(1);
  const counts = Array<number>(LOGITS.length).fill(0);
  for (let i = 0; i < n; i++) {
    const id = pickToken(LOGITS, options, next);
    counts[id] = (counts[id] as number) + 1;
  }
  return counts.map((c) => c / n);
}

function expectShares(found: readonly number[], expected: readonly number[]): void {
  for (const [i, share] of expected.entries()) expect(Math.abs((found[i] as number) - share)).toBeLessThan(0.015);
}

describe('draws', () => {
  test('the likeliest without a temperature, the first of equals', () => {
    expect(shares({}, 10)).toEqual([0, 0, 0, 0, 1]);
    expect(pickToken(Float32Array.of(1, 2, 2), {}, random(1))).toBe(1);
  });
  test.each([0.5, 1, 2])('by the softmax of the logits over the temperature %d', (temperature) => {
    expectShares(shares({ temperature }), softmax(temperature));
  });
  test('among the k likeliest', () => {
    const all = softmax(1);
    const kept = all.map((p, i) => (i === 1 || i === 4 ? p : 0));
    const total = kept.reduce((n, p) => n + p, 0);
    const found = shares({ temperature: 1, topK: 2 });
    expectShares(
      found,
      kept.map((p) => p / total),
    );
    expect(found[0]).toBe(0);
    expectShares(shares({ temperature: 1, topK: 99 }), all);
  });
  test('among the fewest that reach p', () => {
    const all = softmax(1); // .05, .34, .12, .006, .56 about
    const found = shares({ temperature: 1, topP: 0.8 });
    expect(found.map((p) => p > 0)).toEqual([false, true, false, false, true]);
    expect(shares({ temperature: 1, topP: 0.5 })).toEqual([0, 0, 0, 0, 1]);
    expectShares(shares({ temperature: 1, topP: 1 }), all);
    expect(shares({ temperature: 1, topK: 1, topP: 0.99 })).toEqual([0, 0, 0, 0, 1]);
  });
  test('from logits however large', () => {
    const large = Float32Array.of(3e38, 2e38, -3e38);
    expect(pickToken(large, { temperature: 1 }, random(1))).toBe(0);
  });
});
