import { readFileSync } from 'node:fs';
import { cpu } from '@peftjs/backend-cpu';
import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { webgpu } from '@peftjs/backend-webgpu';
import { describeOn, leakGuard } from '@peftjs/testing/suites';
import { tensor, tensor1d } from '@tensorflow/tfjs-core';
import { expect, it, test } from 'vitest';
import { scoped } from '../../testing/src/backend-suite/scoped.ts';
import type { Backend } from './backend.ts';
import { type Coded, codedZeros, decodeDynamic, encodeDynamic } from './dynamic-codes.ts';
import { dynamicTable } from './dynamic-table.ts';

interface Golden {
  readonly numbers: readonly number[];
  readonly cases: readonly (Readonly<Record<'table' | 'scales' | 'values', readonly number[]>> & {
    readonly signed: boolean;
  })[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../../golden/optimizers/dynamic-codes.json', import.meta.url), 'utf8'),
) as Golden;

/** The codes of all blocks, without those that fill up the last word of each. */
const codesOf = async ({ words }: Coded) =>
  Array.from(await words.data(), (word, i) =>
    [word & 255, (word >> 8) & 255, word >> 16].slice(0, i % 86 === 85 ? 1 : 3),
  ).flat();

test.each(golden.cases)('the table is that of bitsandbytes, signed: $signed', ({ signed, table }) => {
  expect([...dynamicTable(signed)]).toEqual(table.map(Math.fround));
});

function describeCodes(backend: Backend): void {
  describeOn(backend, 'dynamic codes', () => {
    leakGuard();

    it.each(golden.cases)('take the nearest, where bitsandbytes has one that is near; signed: $signed', (one) =>
      scoped(async () => {
        const { signed, scales, values } = one;
        const numbers = golden.numbers.map((v) => (signed ? v : Math.abs(v)));
        const table = dynamicTable(signed);
        const coded = encodeDynamic(tensor(numbers, [6, 128]), signed);
        expect([...(await coded.scales.data())]).toEqual(scales.map(Math.fround));
        const read = decodeDynamic(coded, [6, 128], signed);
        expect(read.shape).toEqual([6, 128]);
        const found = await read.data();
        for (const [i, v] of numbers.entries()) {
          const scale = scales[Math.floor(i / 256)] as number;
          const error = Math.abs((found[i] as number) - v) / scale;
          const least = table.reduce((best, other) => Math.min(best, Math.abs(other - v / scale)), 2);
          expect(error).toBeLessThanOrEqual(least + 1e-6);
          expect(error).toBeLessThanOrEqual(Math.abs((values[i] as number) - v) / scale + 1e-6);
        }
      }),
    );

    it.each([true, false])('keep every number of the table, in every place of a word; signed: %s', (signed) =>
      scoped(async () => {
        const table = dynamicTable(signed);
        for (const by of [0, 1, 2]) {
          const values = Float32Array.from(table, (_, i) => table[(i + by) % 256] as number);
          const coded = encodeDynamic(tensor1d(values), signed);
          expect(await codesOf(coded)).toEqual(Array.from(table, (_, i) => (i + by) % 256));
          expect([...(await decodeDynamic(coded, [256], signed).data())]).toEqual([...values]);
        }
      }),
    );

    it.each([true, false])(
      'are zeros before anything is in them, and of a last block that is short; signed: %s',
      (signed) =>
        scoped(async () => {
          const start = codedZeros(300, signed);
          expect(new Set(await decodeDynamic(start, [300], signed).data())).toEqual(new Set([0]));
          const none = encodeDynamic(tensor1d(new Float32Array(300)), signed);
          expect([...(await none.words.data())]).toEqual([...(await start.words.data())]);
          expect([...(await none.scales.data())]).toEqual([0, 0]);
        }),
    );
  });
}

for (const backend of [cpu(), wasm({ threads: 1 }), node({ device: 'cpu' }), webgpu()]) describeCodes(backend);
