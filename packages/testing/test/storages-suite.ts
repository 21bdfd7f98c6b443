// The suite of storages on those that the repository has.
import type { Backend } from '@peftjs/backend';
import { dense, type Storage } from '@peftjs/core';
import { bf16, f16 } from '@peftjs/quantization';
import { describeOn, describeWeight } from '@peftjs/testing/suites';
import { describe, expect, it } from 'vitest';

export function describeStorages(backend: Backend): void {
  describeOn(backend, 'storages', () => {
    describeWeight('dense', dense);
    // Half of the last bit, of 11 bits and of 8.
    describeWeight('f16', f16(), { tolerance: 2 ** -11 });
    describeWeight('bf16', bf16(), { tolerance: 2 ** -8 });

    describe('every number that 16 bits can say is kept, bit for bit', () => {
      it('f16', () => expectKept(f16(), everyFloat16(), 1024));
      it('bf16', () => expectKept(bf16(), everyBfloat16(), 256));
    });
  });
}

async function expectKept(storage: Storage, values: Float32Array, columns: number): Promise<void> {
  const weight = storage(values, values.length / columns, columns);
  const read = weight.read();
  const found = (await read.data()) as Float32Array;
  read.dispose();
  weight.dispose();
  const bits = (x: Float32Array) => new Int32Array(x.buffer, x.byteOffset, x.length);
  expect(bits(found).findIndex((one, k) => one !== bits(values)[k])).toBe(-1);
}

/** Every finite one: sign, exponent, fraction. */
function everyFloat16(): Float32Array {
  const found: number[] = [];
  for (const sign of [1, -1])
    for (let e = 0; e < 31; e++)
      for (let f = 0; f < 1024; f++)
        found.push(sign * (e === 0 ? f / 1024 : 1 + f / 1024) * 2 ** (Math.max(e, 1) - 15));
  return Float32Array.from(found);
}

/** Every finite float32 whose lower half is zero. */
function everyBfloat16(): Float32Array {
  const bits = Array.from({ length: 0x10000 }, (_, code) => code << 16);
  return new Float32Array(Int32Array.from(bits).buffer).filter(Number.isFinite);
}
