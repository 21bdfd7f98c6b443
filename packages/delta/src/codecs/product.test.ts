// Bit for bit what the sums come to one by one, so that a delta decodes to the same on every engine.
import { expect, test } from 'vitest';
import { numbers } from '../../test/models.ts';
import { lend } from '../room.ts';
import { productRows } from './product.ts';

test.each([
  [1, 1, 1],
  [5, 1, 17],
  [7, 3, 16],
  [4, 4, 33],
  [33, 7, 15],
  [9, 16, 1024],
])('a product [%i, %i] with [., %i]', async (rows, rank, columns) => {
  const [u, v] = [numbers(1, rows * rank), numbers(2, rank * columns)];
  const wanted = Float32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let r = 0; r < rank; r++)
      sum = Math.fround(sum + Math.fround((u[row * rank + r] as number) * (v[r * columns + column] as number)));
    return sum;
  });
  const left = (begin: number, end: number) => u.subarray(begin * rank, end * rank);
  const read = productRows({ rank, u: left, v }, columns, lend().room);
  const half = Math.ceil(rows / 2);
  const found = [...(await read(0, half)), ...(await read(half, rows))];
  expect(found).toEqual([...wanted]);
});
