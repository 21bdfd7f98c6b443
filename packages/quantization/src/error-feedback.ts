// Rounding whose errors make up for each other: what a column's codes lose is added to the columns coded after it, as far as their
// inputs go together. GPTQ (Frantar et al., arXiv 2210.17323) as LDLQ (Chee et al., arXiv 2307.13304) writes it: with
// H = (I + A) D (I + A)' the mean products of inputs and A strictly upper, column k is coded as w_k plus the sum of A_ik times what
// columns i before it have lost, and an error there costs D_k.

export interface Feedback {
  /** D [i] */
  readonly costs: Float32Array;
  /** A' [i, i], and a row more that is not used. */
  readonly shares: Float64Array;
}

/** Of the mean square: what is added to each, so that inputs that are always zero, or nearly, do no harm. */
const DAMPING = 1e-4;

/**
 * @param products H [i, i]
 * @throws where it is not one of products: `holds NaN or infinity`, `is not positive`
 */
export function feedbackOf(products: Float32Array, n: number): Feedback {
  const root = rootOf(products, n);
  const costs = new Float32Array(n);
  const shares = new Float64Array((n + 1) * n);
  for (let k = 0; k < n; k++) {
    const own = n - 1 - k;
    const size = root[own * (n + 1)] as number;
    costs[k] = size * size;
    for (let i = 0; i < k; i++) shares[k * n + i] = (root[(n - 1 - i) * n + own] as number) / size;
  }
  return { costs, shares };
}

/** Columns of a root that are found together. */
const PANEL = 32;

/** The lower root (Cholesky) of H with rows and columns from the last to the first, and rows more that are not used. */
function rootOf(products: Float32Array, n: number): Float64Array {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += (products[i * (n + 1)] as number) / n;
  const added = DAMPING * mean || 1;
  const root = new Float64Array((n + 4) * n);
  const sums = new Float64Array(4 * PANEL + 4);
  for (let left = 0; left < n; left += PANEL) {
    const end = Math.min(left + PANEL, n);
    for (let top = left; top < n; top += 4) {
      for (let j = left; j < end; j += 2) addProducts(root, top, root, j, n, 0, left, sums, 4 * (j - left));
      for (let i = top; i < Math.min(top + 4, n); i++) {
        for (let j = left; j < Math.min(end, i + 1); j++) {
          let rest = (products[(n - 1 - i) * n + n - 1 - j] as number) - (sums[4 * (j - left) + i - top] as number);
          for (let k = left; k < j; k++) rest -= (root[i * n + k] as number) * (root[j * n + k] as number);
          if (i === j) {
            rest += added;
            if (!(rest > 0)) throw new Error(Number.isNaN(rest) ? 'holds NaN or infinity' : 'is not positive');
            root[i * n + i] = Math.sqrt(rest);
          } else root[i * n + j] = rest / (root[j * n + j] as number);
        }
      }
    }
  }
  return root;
}

/**
 * Sums over columns `from` to `end` of four rows of `a`, from `row` on, times two of `b`, from `other` on: where
 * `at` is, those of the first of `b` and then of the second. Eight sums at once, which is what a processor has registers for.
 */
export function addProducts(
  a: Float64Array,
  row: number,
  b: Float64Array,
  other: number,
  n: number,
  from: number,
  end: number,
  sums: Float64Array,
  at: number,
): void {
  let [s0, s1, s2, s3, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0, 0, 0];
  const [a0, a1, a2, a3] = [row * n, (row + 1) * n, (row + 2) * n, (row + 3) * n];
  const [b0, b1] = [other * n, (other + 1) * n];
  for (let i = from; i < end; i++) {
    const x = b[b0 + i] as number;
    const y = b[b1 + i] as number;
    const p = a[a0 + i] as number;
    const q = a[a1 + i] as number;
    const r = a[a2 + i] as number;
    const s = a[a3 + i] as number;
    s0 += p * x;
    s1 += q * x;
    s2 += r * x;
    s3 += s * x;
    t0 += p * y;
    t1 += q * y;
    t2 += r * y;
    t3 += s * y;
  }
  sums[at] = s0;
  sums[at + 1] = s1;
  sums[at + 2] = s2;
  sums[at + 3] = s3;
  sums[at + 4] = t0;
  sums[at + 5] = t1;
  sums[at + 6] = t2;
  sums[at + 7] = t3;
}
