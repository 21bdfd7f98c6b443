import { expect, test } from 'vitest';
import { countValues, groupTensors, ofAnyLayer, tensorLines } from './tensor-summary.ts';

const tensors = [
  { name: 'model.embed.weight', dtype: 'F16', shape: [10, 4] },
  { name: 'model.layers.0.q.weight', dtype: 'F16', shape: [4, 4] },
  { name: 'model.layers.1.q.weight', dtype: 'F16', shape: [4, 4] },
  { name: 'model.layers.2.q.weight', dtype: 'F32', shape: [4, 4] },
];

test('a name says no layer, and keeps other numbers', () => {
  expect(['model.layers.12.fc2.weight', 'model.norm'].map(ofAnyLayer)).toEqual([
    'model.layers.*.fc2.weight',
    'model.norm',
  ]);
});

test('puts the tensors of layers together, where they are the same', () => {
  expect(tensorLines(groupTensors(tensors))).toEqual([
    '  model.embed.weight       F16  [10, 4]',
    '  model.layers.*.q.weight  F16  [4, 4]  x 2',
    '  model.layers.*.q.weight  F32  [4, 4]',
  ]);
  expect(countValues(tensors)).toBe(88);
});
