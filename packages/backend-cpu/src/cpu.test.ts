import { useBackend, valueAndGrads } from '@peftjs/backend';
import '@tensorflow/tfjs-backend-cpu';
import {
  findBackend,
  getKernel,
  image,
  matMul,
  maxPool3d,
  memory,
  type NamedAttrMap,
  ones,
  setBackend,
  sum,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
  type TensorInfo,
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

/** A gradient's kernel. */
function gradient(name: string, inputs: Record<string, Tensor>, attrs: object): { shape: number[]; values: number[] } {
  const backend = findBackend('cpu') as unknown as {
    readSync(id: object): Float32Array;
    disposeData(id: object): void;
  };
  const call = { inputs, attrs: attrs as NamedAttrMap, backend };
  const { dataId, shape } = getKernel(name, 'cpu').kernelFunc(call) as TensorInfo;
  const values = [...backend.readSync(dataId)];
  backend.disposeData(dataId);
  return { shape, values };
}

/** The gradients of resizing two pictures of 1 by 2 to 1 by 4, and of the maximum of windows of 1 by 2 by 1. */
const pictures = (): Tensor4D => tensor([1, 2, 3, 4], [2, 1, 2, 1]);
const volume = (): Tensor5D => tensor([1, 5, 2, 9, 4, 3], [1, 1, 2, 3, 1]);
const resized = (name: string) =>
  tidy(() => {
    const dy = tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 4, 1]);
    return gradient(`Resize${name}Grad`, { images: pictures(), dy }, { alignCorners: false });
  });
const pooled = () =>
  tidy(() => {
    const dy = tensor([10, 20, 30], [1, 1, 1, 3, 1]);
    const input = volume();
    return gradient('MaxPool3DGrad', { dy, input, output: dy }, { filterSize: [1, 2, 1], strides: 1, pad: 'valid' });
  });

const shipped = await (async () => {
  await setBackend('cpu');
  (findBackend('cpu') as unknown as { firstUse: boolean }).firstUse = false;
  const gradients = { nearest: resized('NearestNeighbor'), bilinear: resized('Bilinear'), pooled: pooled() };
  return { ...gradients, updated: update(), products: [products(ROW), products([...ROW, ...ROW])] };
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

  it('gives a resized picture its own gradient, in its own shape, which tfjs as shipped does not', () => {
    const right = [3, 7, 11, 15];
    expect(shipped.nearest.values).not.toEqual(right);
    expect(resized('NearestNeighbor')).toEqual({ shape: [2, 1, 2, 1], values: right });
    expect(shipped.bilinear.shape).toEqual([2, 2, 1, 1]);
    expect(resized('Bilinear')).toEqual({ ...shipped.bilinear, shape: [2, 1, 2, 1] });
    const before = memory();
    for (const resize of [image.resizeBilinear, image.resizeNearestNeighbor]) {
      tidy(() => {
        const x = pictures();
        const [d] = valueAndGrads(() => resize(x, [3, 5], true), [x], ones([2, 3, 5, 1])).grads;
        expect(sum(d as Tensor).dataSync()[0]).toBeCloseTo(30, 4);
      });
    }
    expect(memory()).toEqual(before);
  });

  it('finds the maximum of windows that are higher than wide again, which tfjs as shipped mistakes', () => {
    const right = [0, 20, 0, 10, 0, 30];
    expect(shipped.pooled.values).not.toEqual(right);
    expect(pooled().values).toEqual(right);
    tidy(() => {
      const x = volume();
      expect([...maxPool3d(x, [1, 2, 1], 1, 'valid').dataSync()]).toEqual([9, 5, 3]);
    });
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
