// A packed matrix of more numbers than are decoded at a time.
import { hasKernel, memoryMeter, packedMatMulOp, packedRows, useBackend, valueAndGrads } from '@peftjs/backend';
import { f16, nf4 } from '@peftjs/quantization';
import { matMul, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TensorflowBackend, tensorflow } from '../native.ts';
import { node } from '../node.ts';

const backend = node({ device: 'cpu' });
const obstacle = await backend.probe();

const [o, i, n] = [9000, 1100, 6];
const DENSE_BYTES = 4 * o * i;

const wave = (size: number, step: number) =>
  Float32Array.from({ length: size }, (_, k) => ((k * step) % 199) / 128 - 0.75);

describe.skipIf(obstacle !== null)(`a large packed matrix${obstacle === null ? '' : `: ${obstacle}`}`, () => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('has kernels of its own', () => {
    for (const op of [packedMatMulOp, packedRows]) expect(hasKernel(op), op.opName).toBe(true);
  });

  it('is multiplied some rows after others, and is never dense as a whole', () => {
    const weight = f16()(wave(o * i, 31), o, i);
    tidy(() => {
      const [x, dy] = [tensor(wave(n * i, 7), [n, i]), tensor(wave(n * o, 11), [n, o])];
      weight.matMul(x);
      const meter = memoryMeter();
      meter.reset();
      const before = meter.bytes;
      const { value, grads } = valueAndGrads(() => weight.matMul(x), [x], dy);
      expect(meter.peakBytes - before).toBeLessThan(0.6 * DENSE_BYTES);
      const dense = weight.read();
      for (const [got, want] of [
        [value, matMul(x, dense, false, true)],
        [grads[0] as Tensor, matMul(dy, dense)],
      ] as const) {
        const [g, w] = [got.dataSync<'float32'>(), want.dataSync<'float32'>()] as [Float32Array, Float32Array];
        expect(got.shape).toEqual(want.shape);
        expect(w.reduce((worst, v, k) => Math.max(worst, Math.abs(v - (g[k] as number))), 0)).toBeLessThan(2e-3);
      }
    });
    weight.dispose();
  });

  it('of four bits stays in JavaScript alone, whatever it is multiplied with', () => {
    const handles = () =>
      (tensorflow() as TensorflowBackend & { binding: { getNumOfTensors(): number } }).binding.getNumOfTensors();
    const storage = nf4({ doubleQuantization: true });
    const use = () => {
      const weight = storage(wave(64 * 128, 31), 64, 128);
      const before = handles();
      for (const rows of [1, 6]) tidy(() => weight.matMul(tensor(wave(rows * 128, 7), [rows, 128])).dataSync());
      tidy(() => weight.read().dataSync());
      const kept = handles() - before;
      weight.dispose();
      return kept;
    };
    // Constants stay uploaded from their first use on.
    use();
    expect(use()).toBe(0);
  });
});
