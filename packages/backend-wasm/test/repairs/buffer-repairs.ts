// What holds of the buffers of tensors: which are shared, where they lie after the memory has grown, that all are freed.
import {
  clone,
  engine,
  exp,
  findBackend,
  fused,
  matMul,
  memory,
  split,
  sum,
  type Tensor,
  tidy,
  tile,
  zeros,
} from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { shippedKernel } from '../shipped-kernels.ts';
import { gaussians } from './gaussians.ts';
import { heap } from './heap.ts';

export function describeBufferRepairs(): void {
  const gaussian = gaussians(1);

  it('identity shares the buffer; shipped, it copies', () => {
    const x = gaussian(4, 5);
    const before = heap().numDataIds();
    const copy = (shippedKernel('Identity') as NonNullable<ReturnType<typeof shippedKernel>>)({
      inputs: { x },
      backend: findBackend('wasm'),
    });
    expect(heap().numDataIds(), 'shipped').toBe(before + 1);
    findBackend('wasm').disposeData((copy as { dataId: object }).dataId);
    const y = clone(x);
    expect(heap().numDataIds()).toBe(before);
    const values = [...x.dataSync()];
    x.dispose();
    expect([...y.dataSync()]).toEqual(values);
    y.dispose();
    expect(heap().numDataIds()).toBe(before - 1);
  });

  it('reads rightly after the memory has grown', () => {
    const x = gaussian(64, 64);
    const product = matMul(x, x);
    const before = [...product.dataSync()];
    const bytes = heap().wasm.HEAPU8.byteLength;
    const large = zeros([bytes / 4]);
    expect(heap().wasm.HEAPU8.byteLength).toBeGreaterThan(bytes);
    const again = matMul(x, x);
    expect([...again.dataSync()]).toEqual(before);
    expect([...product.dataSync()]).toEqual(before);
    expect(sum(large).dataSync()[0]).toBe(0);
    for (const t of [x, product, large, again]) t.dispose();
  });

  it('leaves no buffer behind', () => {
    const buffers = () => [memory().numTensors, heap().numDataIds(), engine().state.numDataBuffers];
    const run = () =>
      tidy(() => {
        const x = gaussian(4, 6);
        sum(tile(split(exp(x), 2, 1)[0] as Tensor, [2, 3]), 0);
        fused.matMul({ a: x as never, b: x as never, transposeB: true, bias: gaussian(4), activation: 'relu' });
      });
    run();
    const before = buffers();
    run();
    expect(buffers()).toEqual(before);
  });
}
