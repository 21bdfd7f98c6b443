import { readFileSync } from 'node:fs';
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import type { FileMatrix } from '@peftjs/core';
import { leakGuard } from '@peftjs/testing/suites';
import { beforeAll, describe, expect, it } from 'vitest';
import { fp4, fp4Packing, nf4, nf4Packing } from './four-bit.ts';

interface Golden {
  readonly numbers: readonly number[];
  readonly cases: readonly {
    readonly kind: 'nf4' | 'fp4';
    readonly block: number;
    readonly codes: readonly number[];
    readonly scales: readonly number[];
    readonly values: readonly number[];
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../../golden/storages/four-bit.json', import.meta.url), 'utf8'),
) as Golden;
const PACKINGS = { nf4: nf4Packing, fp4: fp4Packing } as const;
const STORAGES = { nf4, fp4 } as const;

beforeAll(async () => {
  await useBackend(cpu());
});

it.each(golden.cases)('has the codes of bitsandbytes: $kind, blocks of $block', ({ kind, block, ...want }) => {
  const packing = PACKINGS[kind]({ block });
  const encoder = packing.encoder(4, 128);
  expect(encoder.encode(Float32Array.from(golden.numbers), 0)).toBe(-1);
  const arrays = encoder.finish();
  const read = new Float32Array(4 * 128);
  for (let row = 0; row < 4; row++) packing.decode(arrays, row, read.subarray(row * 128, (row + 1) * 128));
  expect([...new Uint8Array(arrays.codes.buffer)]).toEqual(want.codes);
  expect([...(arrays.scales as Float32Array)]).toEqual(want.scales);
  expect(read.map((x) => x + 0)).toEqual(Float32Array.from(want.values, (x) => x + 0));
});

describe.each(Object.entries(STORAGES))('%s()', (name, storage) => {
  leakGuard();

  it('holds half a byte a number, four for each block, and a table', () => {
    const weight = storage()(new Float32Array(3 * 128).fill(2), 3, 128);
    expect(weight.bytes).toBe(3 * (64 + 2 * 4) + 64);
    const read = weight.read();
    expect(new Set(read.dataSync())).toEqual(new Set([2]));
    read.dispose();
    weight.dispose();
    const nested = storage({ doubleQuantization: true })(new Float32Array(128 * 256), 128, 256);
    expect(nested.bytes).toBe(128 * 128 + 64 + (512 + 2 * 4) + 4 + 1024);
    nested.dispose();
  });

  it('names what it cannot hold', async () => {
    expect(() => storage({ block: 48 })).toThrow(`${name} takes blocks of a power of two from 32 to 4096, found 48`);
    const load = (value: number) =>
      storage().load?.({
        ...{ name: 'layer.weight', outDim: 1, inDim: 64, dtype: 'F32', bytes: async () => new Uint8Array() },
        rows: async () => new Float32Array(64).fill(value),
      } satisfies FileMatrix);
    await expect(load(Number.POSITIVE_INFINITY)).rejects.toThrow(
      `"layer.weight" holds Infinity at [0, 0], which ${name} cannot`,
    );
  });
});
