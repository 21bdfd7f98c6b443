import { normal, random } from '@peftjs/backend';
import { Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { dots, orthonormal, type Rows, times } from './rows.ts';

const drawn = (rows: number, columns: number): Rows => ({
  ...{ rows, columns },
  values: Float64Array.from(normal(random(rows, columns), rows * columns, 1)),
});
const matrix = ({ rows, columns, values }: Rows) => Matrix.from1DArray(rows, columns, values);

function expectNear(found: Rows, expected: Matrix): void {
  expect([found.rows, found.columns]).toEqual([expected.rows, expected.columns]);
  expect(Matrix.sub(matrix(found), expected).abs().max()).toBeLessThan(1e-12);
}

describe.each([1, 3, 4, 9, 16])('over %i numbers', (inner) => {
  test('products are those of matrices', () => {
    const [a, b] = [drawn(5, inner), drawn(inner, 7)];
    expectNear(times(a, b), matrix(a).mmul(matrix(b)));
    const c = drawn(6, inner);
    expectNear(dots(a, c), matrix(a).mmul(matrix(c).transpose()));
  });
});

describe('rows that are made orthonormal', () => {
  test('span the same, each with those before', () => {
    const given = drawn(6, 11);
    // Nearly along each other, as powers of a matrix make them.
    for (let at = 11; at < 66; at++)
      given.values[at]! = (given.values[at % 11] as number) + 1e-6 * (given.values[at] as number);
    const found = orthonormal(given);
    expectNear(dots(found, found), Matrix.eye(6));
    const within = times(dots(given, found), found);
    expectNear(within, matrix(given));
  });

  test('are zeros where nothing is left', () => {
    const given = drawn(3, 5);
    given.values.copyWithin(5, 0, 5);
    const found = orthonormal(given);
    expect([...found.values.subarray(5, 10)]).toEqual([0, 0, 0, 0, 0]);
    expectNear(dots(found, found), Matrix.diag([1, 0, 1]));
    expect(orthonormal({ rows: 2, columns: 2, values: new Float64Array(4) }).values).toEqual(new Float64Array(4));
  });
});
