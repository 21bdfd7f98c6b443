import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { eye, matMul, mul, randomNormal, sub, type Tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { skew, timesBlocks } from './blocks.ts';
import { boft } from './boft.ts';
import { blockInverse, cayley, cayleySeries } from './cayley.ts';
import { hra } from './hra.ts';
import { oft } from './oft.ts';
import { readBoft, readHra, readOft } from './read-orthogonal.ts';

beforeAll(async () => {
  await useBackend(cpu());
});

const largest = (of: () => Tensor) => tidy(() => Math.max(...of().dataSync().map(Math.abs)));
const blocks = (n: number, k: number, size: number) =>
  skew(mul(randomNormal([n, (k * (k - 1)) / 2], 0, 1, 'float32', 7), size), k);

describe('the Cayley transform', () => {
  test.each([0.01, 1, 30])('turns and does not stretch: blocks of size %d', (size) => {
    expect(
      largest(() => {
        const r = cayley(blocks(3, 5, size));
        return sub(matMul(r, r, false, true), eye(5));
      }),
    ).toBeLessThan(1e-5);
  });

  test('the series comes near it with its terms, where blocks are small', () => {
    const off = (terms: number) =>
      largest(() => sub(cayleySeries(blocks(2, 4, 0.05), terms), cayley(blocks(2, 4, -0.05))));
    const [few, some, many] = [off(2), off(4), off(9)] as const;
    expect(some).toBeLessThan(0.2 * few);
    expect(many).toBeLessThan(1e-6);
  });

  test('the inverse is one, of large blocks too', () => {
    expect(
      largest(() => {
        const a = mul(randomNormal([2, 40, 40], 0, 1, 'float32', 3), 0.05);
        const near = sub(eye(40), a);
        return sub(matMul(blockInverse({ a: near }, {}), near), eye(40));
      }),
    ).toBeLessThan(1e-5);
  });
});

test('blocks along the diagonal, there and back', () => {
  expect(
    largest(() => {
      const rows = randomNormal([4, 12], 0, 1, 'float32', 5);
      const r = cayley(blocks(3, 4, 1));
      return sub(timesBlocks(timesBlocks(rows, r, false), r, true), rows);
    }),
  ).toBeLessThan(1e-5);
  expect(
    largest(() => {
      const shared = blocks(1, 4, 1);
      const rows = randomNormal([2, 8], 0, 1, 'float32', 6);
      return sub(timesBlocks(rows, shared, true), timesBlocks(rows, transpose(shared, [0, 2, 1]), false));
    }),
  ).toBeLessThan(1e-6);
});

describe('what cannot be is an error that says what to do', () => {
  test.each<[() => unknown, string]>([
    [() => hra({ r: 0 }), 'r is 0; give a whole number above 0'],
    [() => hra({ r: 3, pairs: true }), 'with an even r'],
    [() => oft({ blockSize: 4, blocks: 2 }), 'say the same; give one of them'],
    [() => oft({ blockSize: 2.5 }), 'blockSize is 2.5; give a whole number'],
    [() => oft({ terms: 1 }), 'terms is 1; give a whole number above 1'],
    [() => boft({ blocks: 0 }), 'blocks is 0'],
    [() => readOft().read({ target_modules: ['q'], coft: true }), 'asks for "coft"'],
    [() => readOft().read({ target_modules: ['q'], module_dropout: 0.1 }), 'has module_dropout 0.1; only 0'],
    [() => readBoft().read({ target_modules: ['q'], boft_n_butterfly_factor: 2 }), 'has boft_n_butterfly_factor 2'],
    [() => readHra().read({ target_modules: ['q'], bias: 'all' }), 'has bias "all"'],
    [() => readHra().read({ r: 4 }), 'has no target_modules; names are needed'],
    [() => readHra().read({ target_modules: ['q'], lora_alpha: 4 }), 'asks for "lora_alpha"'],
  ])('%s', (make, message) => {
    expect(make).toThrow(message);
  });
});
