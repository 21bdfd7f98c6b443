import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import type { Weight } from '@peftjs/core';
import { leakGuard } from '@peftjs/testing/suites';
import { beforeAll, describe, expect, it } from 'vitest';
import { fp4, nf4 } from './four-bit.ts';
import { f16 } from './half.ts';
import { int4, int8 } from './integers.ts';
import { isScaled, type ScaledWeight } from './packed-weight.ts';

beforeAll(async () => {
  await useBackend(cpu());
});
leakGuard();

const [ROWS, COLUMNS] = [24, 80] as const;
const numbers = () => Float32Array.from({ length: ROWS * COLUMNS }, (_, k) => Math.sin(k * k + k) + 0.2);

function read(weight: Weight): Float32Array {
  const all = weight.read();
  const values = all.dataSync<'float32'>().slice();
  all.dispose();
  return values;
}

describe.each([
  ['int4', int4({ group: 32 }), 32],
  ['int4, asymmetric', int4({ group: 32, asymmetric: true }), 32],
  ['int8 by rows', int8(), COLUMNS],
  ['int8 in groups', int8({ group: 64 }), 64],
  ['nf4', nf4({ block: 32 }), 32],
  ['fp4', fp4({ block: 64 }), 64],
  ['fp4 in one block', fp4({ block: 256 }), COLUMNS],
])('%s', (_, storage, group) => {
  it('says each number times the factor of its group', async () => {
    const weight = storage(numbers(), ROWS, COLUMNS) as ScaledWeight;
    expect(isScaled(weight) && weight.group).toBe(group);
    const before = read(weight);
    const groups = Math.ceil(COLUMNS / group);
    const factors = Float32Array.from({ length: ROWS * groups }, (_, k) => 1 + 0.3 * Math.cos(3 * k));
    const other = await weight.rescaled(factors);
    expect(other.bytes).toBe(weight.bytes);
    for (const [k, value] of read(other).entries()) {
      const factor = factors[Math.floor(k / COLUMNS) * groups + Math.floor((k % COLUMNS) / group)] as number;
      expect(Math.abs(value - (before[k] as number) * factor)).toBeLessThan(1e-6);
    }
    const same = await other.rescaled(factors.map(() => 1));
    expect(read(same)).toEqual(read(other));
    weight.dispose();
    expect(read(same)).toEqual(read(other));
    other.dispose();
    same.dispose();
  });
});

it('rounds scales that are held in 8 bits as nf4 does', async () => {
  const storage = nf4({ block: 32, doubleQuantization: true });
  const weight = storage(numbers(), ROWS, COLUMNS) as ScaledWeight;
  const before = read(weight);
  const factors = Float32Array.from({ length: ROWS * 3 }, (_, k) => 1 + 0.1 * Math.cos(3 * k));
  const other = await weight.rescaled(factors);
  const after = read(other);
  let largest = 0;
  for (const [k, value] of before.entries()) {
    const factor = factors[Math.floor(k / COLUMNS) * 3 + Math.floor((k % COLUMNS) / 32)] as number;
    const off = Math.abs((after[k] as number) - value * factor);
    expect(off).toBeLessThan(0.01);
    largest = Math.max(largest, off);
  }
  expect(largest).toBeGreaterThan(1e-5);
  weight.dispose();
  other.dispose();
});

it('is nothing for 16 bits, which have no scales', () => {
  const weight = f16()(numbers(), ROWS, COLUMNS);
  expect(isScaled(weight)).toBe(false);
  weight.dispose();
});
