// Codes whose errors make up for each other, on inputs that go together, on such as do not, and on such as say nothing.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import type { FileMatrix, Weight } from '@peftjs/core';
import { leakGuard } from '@peftjs/testing/suites';
import { tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { inFile } from '../test/in-file.ts';
import { bitsandbytes } from './bitsandbytes.ts';
import { feedbackOf } from './error-feedback.ts';
import { fp4Packing, nf4, nf4Packing } from './four-bit.ts';
import type { GroupedPacking } from './grouped-packing.ts';
import type { Importance } from './importance.ts';
import { int4, int4Packing, int8Packing } from './integers.ts';

const [ROWS, WIDTH] = [70, 96];
const noise = (k: number) => Math.sin(k * k * 0.7 + 3 * k);
const values = Float32Array.from({ length: ROWS * WIDTH }, (_, k) => noise(k + 1));

/** Mean products of inputs that share three causes. */
const together = productsOf(
  (t, i) => noise(7 * t + (i % 3)) + noise(11 * t + (i % 5)) + 0.3 * noise(t * WIDTH + i + 5),
);

function productsOf(input: (t: number, i: number) => number, tokens = 4 * WIDTH): Float32Array {
  const products = new Float32Array(WIDTH * WIDTH);
  for (let t = 0; t < tokens; t++) {
    const x = Array.from({ length: WIDTH }, (_, i) => input(t, i));
    for (let k = 0; k < products.length; k++) {
      products[k] =
        (products[k] as number) + ((x[Math.floor(k / WIDTH)] as number) * (x[k % WIDTH] as number)) / tokens;
    }
  }
  return products;
}

const squaresOf = (products: Float32Array) => products.filter((_, k) => k % (WIDTH + 1) === 0);

function readBack(packing: GroupedPacking, importance?: Float32Array, rows = values): Float32Array {
  const encoder = packing.encoder(ROWS, WIDTH, importance);
  const first = rows.subarray(0, 33 * WIDTH);
  expect([encoder.encode(first, 0), encoder.encode(rows.subarray(first.length), 33)]).toEqual([-1, -1]);
  const arrays = encoder.finish();
  const read = new Float32Array(rows.length);
  for (let o = 0; o < ROWS; o++) packing.decode(arrays, o, read.subarray(o * WIDTH, (o + 1) * WIDTH));
  return read;
}

/** What the layer's outputs lose, as a mean square: tr(E H E'). */
function lossOf(read: Float32Array, products: Float32Array): number {
  const lost = read.map((x, k) => (values[k] as number) - x);
  let loss = 0;
  for (let o = 0; o < read.length / WIDTH; o++) {
    const row = lost.subarray(o * WIDTH, (o + 1) * WIDTH);
    for (let k = 0; k < products.length; k++) {
      loss += (row[Math.floor(k / WIDTH)] as number) * (products[k] as number) * (row[k % WIDTH] as number);
    }
  }
  return loss;
}

test('is the root that it says: H = (I + A) D (I + A)’', () => {
  const { costs, shares } = feedbackOf(together, WIDTH);
  const damping = (1e-4 * squaresOf(together).reduce((sum, x) => sum + x, 0)) / WIDTH;
  const half = (i: number, k: number) => (i === k ? 1 : i < k ? (shares[k * WIDTH + i] as number) : 0);
  for (let i = 0; i < WIDTH; i++) {
    for (let j = 0; j < WIDTH; j++) {
      const sum = costs.reduce((total, cost, k) => total + half(i, k) * cost * half(j, k), 0);
      expect(sum).toBeCloseTo((together[i * WIDTH + j] as number) + (i === j ? damping : 0), 5);
    }
  }
});

const PACKINGS: readonly (readonly [string, GroupedPacking])[] = [
  ['nf4', nf4Packing({ block: 32 })],
  ['nf4, a block not filled', nf4Packing()],
  ['nf4, nested', nf4Packing({ block: 32, doubleQuantization: true })],
  ['fp4', fp4Packing({ block: 32 })],
  ['int4', int4Packing({ group: 32 })],
  ['int4, asymmetric', int4Packing({ group: 32, asymmetric: true })],
  ['int8', int8Packing()],
];

test.each(PACKINGS)('%s loses less where inputs go together', (_, packing) => {
  const [plain, fitted, fed] = [undefined, squaresOf(together), together].map((importance) =>
    lossOf(readBack(packing, importance), together),
  ) as [number, number, number];
  expect(fed).toBeLessThan(0.7 * plain);
  expect(fed).toBeLessThan(0.7 * fitted);
});

test.each(PACKINGS)('%s has the codes of fitted scales where they do not', (_, packing) => {
  const apart = new Float32Array(WIDTH * WIDTH).map((_, k) => Number(k % (WIDTH + 1) === 0));
  expect(readBack(packing, apart)).toEqual(readBack(packing, squaresOf(apart)));
});

test('takes inputs that are zero, alone or all of them', () => {
  const isDead = (k: number) => Math.floor(k / WIDTH) % 5 === 2 || (k % WIDTH) % 5 === 2;
  const some = together.map((x, k) => (isDead(k) ? 0 : x));
  const [plain, fed] = [undefined, some].map((importance) => lossOf(readBack(nf4Packing(), importance), some));
  expect(fed).toBeLessThan(plain as number);
  const none = new Float32Array(WIDTH * WIDTH);
  expect(readBack(nf4Packing(), none)).toEqual(readBack(nf4Packing(), new Float32Array(WIDTH).fill(1)));
  const zeros = new Float32Array(values.length);
  expect(readBack(nf4Packing(), together, zeros)).toEqual(zeros);
});

test('says which number has no code', () => {
  const rows = values.slice();
  rows[67 * WIDTH + 40] = Number.NaN;
  expect(nf4Packing({ block: 32 }).encoder(ROWS, WIDTH, together).encode(rows, 0)).toBe(67 * WIDTH + 40);
});

describe('a matrix of a file', () => {
  leakGuard();
  beforeAll(() => useBackend(cpu()).then(() => {}));

  const matrix: FileMatrix = {
    ...{ name: 'up.weight', outDim: 8, inDim: WIDTH, dtype: 'F32' },
    bytes: async () => new Uint8Array(),
    rows: async (first, count) => values.slice(first * WIDTH, (first + count) * WIDTH),
  };
  const load = (products: Float32Array) =>
    nf4({ block: 32, doubleQuantization: true, importance: new Map([['up', products]]) }).load?.(matrix);

  test('is read from bitsandbytes’ layout as it was', async () => {
    const weight = (await load(together)) as Weight;
    const again = (await bitsandbytes().load?.((await inFile(weight)) as FileMatrix)) as Weight;
    const [want, got] = [weight, again].map((one) => tidy(() => [...one.read().dataSync()]));
    expect(got).toEqual(want);
    for (const one of [weight, again]) one.dispose();
  });

  test('gets such codes in int4 too', async () => {
    const read = async (importance?: Importance) => {
      const weight = (await int4({ group: 32, ...(importance && { importance }) }).load?.(matrix)) as Weight;
      const numbers = tidy(() => weight.read().dataSync<'float32'>());
      weight.dispose();
      return lossOf(numbers, together);
    };
    expect(await read(new Map([['up', together]]))).toBeLessThan(0.7 * (await read()));
  });

  test('is refused by its name with products of another width, or with what are none', async () => {
    await expect(load(new Float32Array(64))).rejects.toThrow('has 8 columns for "up.weight", which has 96');
    const [broken, negative] = [together.slice(), together.map((x) => -x)];
    broken[500] = Number.NaN;
    await expect(load(broken)).rejects.toThrow('the importance given for "up.weight" holds NaN or infinity');
    await expect(load(negative)).rejects.toThrow('the importance given for "up.weight" is not positive');
  });
});
