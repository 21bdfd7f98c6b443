// The distribution function of a standard normal number, to double precision in both tails.

/** P(X < x), with a relative error of about 1e-13 down to x = -37. */
export function normalBelow(x: number): number {
  if (x > 0) return 1 - normalBelow(-x);
  const a = -x;
  const density = Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI);
  if (a < 3) {
    // 1/2 - density (a + a³ / 3 + a⁵ / (3 · 5) + ...), Abramowitz and Stegun 26.2.11.
    let [term, sum] = [a, a];
    for (let n = 3; term > 1e-18 * sum; n += 2) {
      term *= (a * a) / n;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  // density / (a + 1 / (a + 2 / (a + 3 / ...))), 26.2.14.
  let fraction = a;
  for (let n = 150; n > 0; n--) fraction = a + n / fraction;
  return density / fraction;
}
