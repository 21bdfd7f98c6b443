// A tiny host on the cpu backend for each test, and a check that the test left no tensor behind.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { memory, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Context } from '../src/site.ts';
import { type TinyHost, tinyHost } from './tiny-host.ts';

export interface Bench {
  readonly host: TinyHost;
  readonly ids: Tensor;
  /** The host's output on `ids`. */
  output(ctx?: Context): number[];
}

/** Call at the top of a test file; read `host` inside of tests. */
export function withHost(): Bench {
  let host: TinyHost;
  let ids: Tensor;
  let before = 0;
  beforeAll(async () => {
    await useBackend(cpu());
    ids = tensor2d([1, 2, 3, 4, 5, 6], [2, 3], 'int32');
  });
  beforeEach(() => {
    before = memory().numTensors;
    host = tinyHost();
  });
  afterEach(() => {
    host.dispose();
    expect(memory().numTensors).toBe(before);
  });
  afterAll(() => ids.dispose());
  return {
    get host() {
      return host;
    },
    get ids() {
      return ids;
    },
    output(ctx) {
      const out = host.run(ids, ctx);
      const values = [...out.dataSync()];
      out.dispose();
      return values;
    },
  };
}

/** Numbers equal to within float32's rounding. */
export function expectClose(actual: readonly number[], expected: readonly number[], within = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  const off = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] as number))), 0);
  expect(off).toBeLessThanOrEqual(within);
}
