import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { reshape, scalar, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leakGuard, watchLeaks } from './leak-guard.ts';

beforeAll(async () => {
  await useBackend(cpu());
});

describe('watchLeaks', () => {
  it('finds nothing where everything was freed', () => {
    const leaked = watchLeaks();
    tidy(() => reshape(zeros([4]), [2, 2])).dispose();
    expect(leaked()).toBeNull();
  });

  it('finds a tensor, and one that shares its buffer', () => {
    const leaked = watchLeaks();
    const x = zeros([4]);
    expect(leaked()).toBe('1 tensors and 16 bytes more than before');
    const alias = reshape(x, [2, 2]);
    expect(leaked()).toBe('2 tensors and 16 bytes more than before');
    x.dispose();
    alias.dispose();
  });

  it('finds what was freed and should not have been', () => {
    const x = scalar(1);
    const leaked = watchLeaks();
    x.dispose();
    expect(leaked()).toBe('-1 tensors and -4 bytes more than before');
  });
});

describe('leakGuard', () => {
  let left: Tensor;
  leakGuard();
  afterAll(() => left.dispose());

  it.fails('fails a test that leaves a tensor', () => {
    left = zeros([3]);
  });

  it('passes one that does not', () => {
    zeros([3]).dispose();
  });
});
