// From products of vectors with one another to orthonormal ones that span the same, by a Cholesky decomposition with pivots.

/** Of the largest vector's square: below it a vector is zero. */
const ZERO = 1e-20;

/**
 * `t` [n, n] so that the rows of t x are orthonormal, the longest first, where the lower half of x x' is `gram`. A vector of which less than
 * a share `least` of its square lies beyond the span of those before it is rounding; its row is zeros.
 */
export function orthonormal(gram: Float64Array, n: number, least: number): Float64Array {
  const product = (i: number, j: number) => gram[i > j ? i * n + j : j * n + i] as number;
  /** Squares of what is left of each vector. */
  const left = Float64Array.from({ length: n }, (_, i) => product(i, i));
  const floor = ZERO * Math.max(...left);
  const open = new Set(left.keys());
  const pivots: number[] = [];
  /** What each vector has of those that are made; and what they have of the pivots. */
  const [shares, made] = [new Float64Array(n * n), new Float64Array(n * n)];
  while (open.size > 0) {
    let pivot = -1;
    for (const i of open) if (pivot < 0 || (left[i] as number) > (left[pivot] as number)) pivot = i;
    open.delete(pivot);
    const square = left[pivot] as number;
    if (!(square > floor)) break;
    if (square <= least * product(pivot, pivot)) continue;
    const size = Math.sqrt(square);
    const k = pivots.length;
    const own = shares.subarray(pivot * n, pivot * n + k);
    for (const i of open) {
      let share = product(i, pivot);
      for (let j = 0; j < k; j++) share -= (own[j] as number) * (shares[i * n + j] as number);
      shares[i * n + k] = share / size;
      left[i] = (left[i] as number) - (share / size) ** 2;
    }
    for (let j = 0; j < k; j++) {
      const share = (own[j] as number) / size;
      for (let c = 0; c <= j; c++) made[k * n + c] = (made[k * n + c] as number) - share * (made[j * n + c] as number);
    }
    made[k * n + k] = 1 / size;
    pivots.push(pivot);
  }
  const turned = new Float64Array(n * n);
  for (const k of pivots.keys())
    for (const [c, pivot] of pivots.entries()) turned[k * n + pivot] = made[k * n + c] as number;
  return turned;
}
