// Products of rows, and what makes them orthonormal, in float64. ml-matrix goes along columns, and takes several times as long for a few
// long rows.

/** Numbers of a matrix, row by row. */
export interface Rows {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** A view of one of them. */
const row = ({ columns, values }: Rows, k: number) => values.subarray(k * columns, (k + 1) * columns);

const zeros = (rows: number, columns: number): Rows => ({ rows, columns, values: new Float64Array(rows * columns) });

/** a b, [m, n] of [m, k] and [k, n]. */
export function times(a: Rows, b: Rows): Rows {
  const out = zeros(a.rows, b.columns);
  // Four rows of b at a time stay in a cache while all of a's meet them.
  for (let k = 0; k < b.rows; k += 4) {
    const four = [0, 1, 2, 3].map((j) => row(b, Math.min(k + j, b.rows - 1)));
    const [p, q, r, s] = four as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (let m = 0; m < a.rows; m++) {
      const by = (j: number) => (k + j < b.rows ? (a.values[m * a.columns + k + j] as number) : 0);
      const [w, x, y, z] = [by(0), by(1), by(2), by(3)];
      const sums = row(out, m);
      for (let j = 0; j < sums.length; j++) sums[j]! += w * p[j]! + x * q[j]! + (y * r[j]! + z * s[j]!);
    }
  }
  return out;
}

/** a b', [m, n] of [m, k] and [n, k]. */
export function dots(a: Rows, b: Rows): Rows {
  const out = zeros(a.rows, b.rows);
  for (let n = 0; n < b.rows; n++) {
    const other = row(b, n);
    for (let m = 0; m < a.rows; m++) out.values[m * b.rows + n] = dot(row(a, m), other);
  }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let [p, q, r, s] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < a.length; k += 4) {
    p += a[k]! * b[k]!;
    q += a[k + 1]! * b[k + 1]!;
    r += a[k + 2]! * b[k + 2]!;
    s += a[k + 3]! * b[k + 3]!;
  }
  for (; k < a.length; k++) p += a[k]! * b[k]!;
  return p + q + (r + s);
}

/** Least share of a row beyond the span of those before. */
const BEYOND = 1e-12;

/** Rows that span the same, by Gram and Schmidt, twice, which is enough. One within the span of those before becomes zeros. */
export function orthonormal(given: Rows): Rows {
  const out = { ...given, values: given.values.slice() };
  for (let k = 0; k < out.rows; k++) {
    const own = row(out, k);
    const least = BEYOND * Math.sqrt(dot(own, own));
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < k; j++) {
        const other = row(out, j);
        const by = dot(own, other);
        for (let i = 0; i < own.length; i++) own[i]! -= by * other[i]!;
      }
    const size = Math.sqrt(dot(own, own));
    for (let i = 0; i < own.length; i++) own[i] = size > least ? own[i]! / size : 0;
  }
  return out;
}
