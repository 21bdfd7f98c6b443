import { useBackend } from '@peftjs/backend';
import '@tensorflow/tfjs-backend-cpu';
import {
  findBackend,
  matMul,
  memory,
  setBackend,
  type Tensor,
  tensor,
  tensorScatterUpdate,
  tidy,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cpu } from './cpu.ts';

/** What an update gives, and what has become of the tensor that was to be updated. */
function update(): { updated: number[]; input: number[] } {
  return tidy(() => {
    const input = tensor([1, 2, 3, 4]);
    const out: Tensor = tensorScatterUpdate(input, tensor([[1], [3]], [2, 1], 'int32'), tensor([20, 40]));
    return { updated: [...out.dataSync()], input: [...input.dataSync()] };
  });
}

/** Products of 1 by 1 matrices 1, 2 with 10, 100, 1000, broadcast over a batch of [2, 3]. */
function products(right: number[]): number[] {
  return tidy(() => {
    const a = tensor([1, 2], [2, 1, 1, 1]);
    const b = tensor(right, right.length === 3 ? [3, 1, 1] : [2, 3, 1, 1]);
    return [...(matMul(a, b) as Tensor).dataSync()];
  });
}
const ROW = [10, 100, 1000];

const shipped = await (async () => {
  await setBackend('cpu');
  (findBackend('cpu') as unknown as { firstUse: boolean }).firstUse = false;
  return { updated: update(), products: [products(ROW), products([...ROW, ...ROW])] };
})();

beforeAll(async () => {
  await useBackend(cpu());
});

describe('the cpu backend', () => {
  it('leaves the tensor of a scatter update alone, which tfjs as shipped changes', () => {
    expect(shipped.updated).toEqual({ updated: [1, 20, 3, 40], input: [1, 20, 3, 40] });
    const before = memory();
    expect(update()).toEqual({ updated: [1, 20, 3, 40], input: [1, 2, 3, 4] });
    expect(memory()).toEqual(before);
  });

  it('broadcasts both batches of a product, where tfjs as shipped multiplies other matrices', () => {
    const right = [10, 100, 1000, 20, 200, 2000];
    expect(shipped.products).toEqual([
      [10, 200, 1000],
      [10, 200, 1000, 20, 100, 2000],
    ]);
    const before = memory();
    expect([products(ROW), products([...ROW, ...ROW])]).toEqual([right, right]);
    expect(memory()).toEqual(before);
  });

  it('updates whole rows, and int32', () => {
    tidy(() => {
      const rows = tensor([1, 2, 3, 4, 5, 6], [3, 2], 'int32');
      const out: Tensor = tensorScatterUpdate(
        rows,
        tensor([[2]], [1, 1], 'int32'),
        tensor([[50, 60]], [1, 2], 'int32'),
      );
      expect([...out.dataSync()]).toEqual([1, 2, 3, 4, 50, 60]);
      expect([...rows.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
      expect(out.dtype).toBe('int32');
    });
  });

  it('can run everywhere, and says what it is', async () => {
    expect(await cpu().probe()).toBeNull();
    expect(await useBackend(cpu())).toEqual({
      backend: 'cpu',
      device: 'plain JavaScript',
      threads: 1,
      details: {},
      rejected: [],
    });
  });
});
