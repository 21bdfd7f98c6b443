/** Seeded random numbers: xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32. Any integers seed it, 0 too. */
export function random(...seeds: readonly number[]): () => number {
  let mixed = 0;
  const splitmix = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  for (const seed of seeds) {
    mixed = (splitmix() ^ seed) | 0;
    mixed = (splitmix() ^ Math.floor(seed / 2 ** 32)) | 0;
  }
  return xoshiro128(splitmix(), splitmix(), splitmix(), splitmix(), 2 ** -32);
}

/** xoshiro128** from its four words of state; each 32-bit result is multiplied by `unit`. */
export function xoshiro128(a: number, b: number, c: number, d: number, unit: number): () => number {
  return () => {
    const x = Math.imul(b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result * unit;
  };
}

/** The numbers 0 to n-1 in an order that the seeds decide: Fisher and Yates. */
export function permutation(n: number, ...seeds: readonly number[]): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  const next = random(...seeds);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
