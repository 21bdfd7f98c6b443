import { cpu } from '@peftjs/backend-cpu';
import { randomNormal, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { normal, random, uniform } from './random.ts';
import { useBackend } from './use-backend.ts';

const N = 20_000;
const mean = (xs: Float32Array) => xs.reduce((s, x) => s + x, 0) / xs.length;
const deviation = (xs: Float32Array) => Math.sqrt(mean(xs.map((x) => x * x)) - mean(xs) ** 2);
const first = (...seed: number[]) => uniform(random(...seed), 8, 0, 1).join();

beforeAll(async () => {
  await useBackend(cpu());
});

describe('the seed', () => {
  it('0 gives other numbers each time in tfjs, and the same here', () => {
    const drawn = () => tidy(() => [...randomNormal([8], 0, 1, 'float32', 0).dataSync()]);
    expect(drawn()).not.toEqual(drawn());
    expect([...normal(random(0), 8, 1)]).toEqual([...normal(random(0), 8, 1)]);
  });

  it('names a stream of its own, at every place and however many there are', () => {
    const seeds = [[], [0], [1], [2], [-1], [0, 0], [0, 1], [1, 0], [1, 1], [0, 0, 0], [2 ** 32], [2 ** 32 + 1]];
    expect(new Set(seeds.map((seed) => first(...seed))).size).toBe(seeds.length);
  });

  it('gives streams that have nothing to do with each other', () => {
    for (const [p, q] of [
      [[0], [1]],
      [
        [7, 0],
        [7, 1],
      ],
      [
        [7, 1],
        [8, 1],
      ],
    ] as const) {
      const [x, y] = [normal(random(...p), N, 1), normal(random(...q), N, 1)];
      const correlation = x.reduce((s, v, i) => s + v * (y[i] as number), 0) / N;
      expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(N));
    }
  });
});

describe('uniform', () => {
  it('lies in its interval, evenly', () => {
    const xs = uniform(random(3), N, -2, 6);
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...xs)).toBeLessThan(6);
    const counts = new Array<number>(8).fill(0);
    for (const x of xs) counts[Math.floor(x + 2)]!++;
    const expected = N / 8;
    const chiSquare = counts.reduce((s, c) => s + (c - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(24.3); // 7 degrees of freedom, p = 0.001
  });

  it('does not repeat the number before', () => {
    const xs = uniform(random(4), N, -0.5, 0.5);
    const lagged = xs.subarray(1).reduce((s, x, i) => s + x * (xs[i] as number), 0) / (N / 12);
    expect(Math.abs(lagged)).toBeLessThan(5 / Math.sqrt(N));
  });
});

describe('normal', () => {
  it('has mean 0, the deviation asked for, and the tails of a normal', () => {
    const xs = normal(random(5), N, 3);
    expect(Math.abs(mean(xs))).toBeLessThan((5 * 3) / Math.sqrt(N));
    expect(deviation(xs)).toBeCloseTo(3, 1);
    const beyond = xs.filter((x) => Math.abs(x) > 6).length / N;
    expect(beyond).toBeGreaterThan(0.0455 - 0.008);
    expect(beyond).toBeLessThan(0.0455 + 0.008);
    expect(xs.every(Number.isFinite)).toBe(true);
  });

  it('gives as many as were asked for', () => {
    for (const n of [0, 1, 2, 3]) expect(normal(random(1), n, 1)).toHaveLength(n);
    expect([...normal(random(6), 3, 1)]).toEqual([...normal(random(6), 4, 1)].slice(0, 3));
  });
});
