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

describe('scales that are held in 8 bits', () => {
  const storage = nf4({ block: 32, doubleQuantization: true });
  const rows = 2000;
  const many = () => Float32Array.from({ length: rows * 64 }, (_, k) => Math.sin(k * k + k) * (1.2 + Math.sin(k >> 5)));

  it('are rounded so that on average each is what it is to be, however little it moves', async () => {
    const weight = storage(many(), rows, 64) as ScaledWeight;
    const before = read(weight);
    for (const factor of [1.0004, 0.998, 1.05]) {
      const other = await weight.rescaled(new Float32Array(rows * 2).fill(factor));
      const after = read(other);
      let [sum, moved] = [0, 0];
      for (const [k, value] of before.entries()) {
        const now = after[k] as number;
        expect(Math.abs(now - value * factor)).toBeLessThan(0.03);
        sum += Math.abs(value);
        moved += Math.abs(now);
      }
      expect((moved / sum - 1) / (factor - 1)).toBeGreaterThan(0.8);
      expect((moved / sum - 1) / (factor - 1)).toBeLessThan(1.2);
      other.dispose();
    }
    weight.dispose();
  });

  it('stay where they do not move', async () => {
    const weight = storage(many(), rows, 64) as ScaledWeight;
    const same = await weight.rescaled(new Float32Array(rows * 2).fill(1));
    expect(read(same)).toEqual(read(weight));
    weight.dispose();
    same.dispose();
  });
});

it('is nothing for 16 bits, which have no scales', () => {
  const weight = f16()(numbers(), ROWS, COLUMNS);
  expect(isScaled(weight)).toBe(false);
  weight.dispose();
});
