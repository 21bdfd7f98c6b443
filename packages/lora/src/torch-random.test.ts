import { expect, test } from 'vitest';
import { torchPermutation, torchRandom, torchUniform } from './torch-random.ts';

// The numbers beside which these are held were printed by torch 2.13 on a CPU.

test('uniform numbers are those of torch', () => {
  const drawn = torchUniform(torchRandom(5), 6, -0.5, 0.5);
  expect([...drawn]).toEqual([
    0.33025187253952026, -0.37388908863067627, 0.4074696898460388, 0.31992703676223755, 0.42010343074798584,
    -0.3833547830581665,
  ]);
});

test('a permutation begins as that of torch, and is one', () => {
  expect([...torchPermutation(torchRandom(777), 1000, 8)]).toEqual([735, 819, 201, 799, 435, 497, 175, 590]);
  expect(new Set(torchPermutation(torchRandom(1), 700, 700)).size).toBe(700);
});
