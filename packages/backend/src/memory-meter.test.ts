import { cpu } from '@peftjs/backend-cpu';
import { add, clone, memory, reshape, tensor1d, tidy, variable, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { memoryMeter } from './memory-meter.ts';
import { useBackend } from './use-backend.ts';

let meter = memoryMeter();

beforeAll(async () => {
  await useBackend(cpu());
});
beforeEach(() => {
  meter = memoryMeter();
  meter.reset();
});

describe('memoryMeter', () => {
  it('counts a buffer once where tf.memory() counts each tensor on it', () => {
    const [tfjs, ours] = [memory().numBytes, meter.bytes];
    tidy(() => {
      const x = zeros([100]);
      clone(x);
      reshape(x, [10, 10]);
      expect(memory().numBytes - tfjs).toBe(3 * 400);
      expect(meter.bytes - ours).toBe(400);
    });
    expect(meter.bytes).toBe(ours);
  });

  it('keeps a buffer counted until the last tensor on it is gone', () => {
    const ours = meter.bytes;
    const x = zeros([100]);
    const alias = reshape(x, [10, 10]);
    x.dispose();
    expect(meter.bytes - ours).toBe(400);
    alias.dispose();
    expect(meter.bytes).toBe(ours);
  });

  it('knows the most there was at once, and forgets it on reset', () => {
    const ours = meter.bytes;
    tidy(() => {
      const x = zeros([100]);
      tidy(() => add(add(x, x), x));
    });
    expect(meter.peakBytes - ours).toBe(3 * 400);
    expect(meter.bytes).toBe(ours);
    meter.reset();
    expect(meter.peakBytes).toBe(ours);
  });

  it('follows a variable that is assigned another value', () => {
    const ours = meter.bytes;
    const v = variable(zeros([100]), false);
    const next = zeros([100]);
    v.assign(next);
    next.dispose();
    expect(meter.bytes - ours).toBe(2 * 400); // the first value was never disposed
    v.dispose();
    expect(meter.bytes - ours).toBe(400);
  });

  it('counts int32 and bool by what they hold', () => {
    const ours = meter.bytes;
    const [i, b] = [tensor1d([1, 2], 'int32'), tensor1d([true, false, true], 'bool')];
    expect(meter.bytes - ours).toBe(8 + 3);
    i.dispose();
    b.dispose();
  });

  it('is one meter for the process', () => {
    expect(memoryMeter()).toBe(meter);
  });
});
