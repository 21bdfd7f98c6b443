import { cpu } from '@peftjs/backend-cpu';
import { cumprod, cumsum, memory, setBackend, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { repairAxes } from './repair-axes.ts';

const along = (op: (x: Tensor, axis: number) => Tensor, axis: number) =>
  tidy(() => {
    const out = op(tensor([1, 2, 3, 4, 5, 6], [2, 3]), axis);
    return { shape: out.shape, values: [...out.dataSync()] };
  });

let shipped: readonly ReturnType<typeof along>[] = [];

beforeAll(async () => {
  await cpu().start();
  await setBackend('cpu');
  shipped = [along(cumsum, -1), along(cumprod, -1)];
  repairAxes('cpu');
});

describe('an axis counted from the end', () => {
  it('gives nothing at all in tfjs as shipped', () => {
    expect(shipped.map(({ values }) => values)).toEqual([[], []]);
  });

  it.each([0, 1])('is the axis that it names: %i', (axis) => {
    const before = memory().numTensors;
    for (const op of [cumsum, cumprod] as const) expect(along(op, axis - 2)).toEqual(along(op, axis));
    expect(along(cumsum, -1)).toEqual({ shape: [2, 3], values: [1, 3, 6, 4, 9, 15] });
    expect(along(cumprod, -2)).toEqual({ shape: [2, 3], values: [1, 2, 3, 4, 10, 18] });
    expect(memory().numTensors).toBe(before);
  });
});
