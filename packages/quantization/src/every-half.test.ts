// Every finite number of 16 bits where WebAssembly widens them: in a product of few rows, of many, and read.
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { leakGuard } from '@peftjs/testing/suites';
import { eye, slice, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { bf16, f16 } from './half.ts';
import { bfloat16, float16 } from './half-packing.ts';

const CASES = [
  ['f16', f16(), float16],
  ['bf16', bf16(), bfloat16],
] as const;

beforeAll(async () => {
  await useBackend(wasm({ threads: 1 }));
});

describe.each(CASES)('%s', (_, storage, packing) => {
  leakGuard();
  const { exponent } = packing;
  const codes = Uint16Array.from({ length: 0x10000 }, (_, code) => code).filter(
    (code) => (code & exponent) !== exponent,
  );
  const numbers = new Float32Array(codes.length);
  packing.decode({ codes: new Int32Array(codes.buffer) }, 0, numbers);

  it.each([8, 1])('in rows of %d', (width) => {
    const weight = storage(numbers.slice(), numbers.length / width, width);
    const columns = (first: number, rows: number) =>
      tidy(() =>
        weight
          .matMul(slice(eye(8, width), first, rows))
          .dataSync<'float32'>()
          .slice(),
      );
    const many = columns(0, 8);
    for (let r = 0; r < width; r++) {
      const want = numbers.filter((_, k) => k % width === r);
      for (const got of [columns(r, 1), many.subarray(r * want.length, (r + 1) * want.length)])
        expect(got.every((x, o) => x === want[o])).toBe(true);
    }
    const read = tidy(() => weight.read().dataSync<'float32'>().slice());
    expect(read.every((x, k) => Object.is(x, numbers[k]))).toBe(true);
    weight.dispose();
  });
});
