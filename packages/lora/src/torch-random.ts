// The numbers that torch draws on a CPU from a seed, so that what PEFT leaves out of its files can be drawn again:
// MT19937 (Matsumoto and Nishimura, 1998), 32 bits a draw.

const N = 624;
const M = 397;

/** Whole numbers of 32 bits, as `torch.Generator().manual_seed(seed)` gives them. */
export function torchRandom(seed: number): () => number {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) {
    const before = state[i - 1] as number;
    state[i] = Math.imul(1_812_433_253, before ^ (before >>> 30)) + i;
  }
  let at = N;
  const refill = () => {
    for (let i = 0; i < N; i++) {
      const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % N] as number) & 0x7fffffff);
      state[i] = (state[(i + M) % N] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    at = 0;
  };
  return () => {
    if (at === N) refill();
    let y = state[at++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

/** `tensor.uniform_(low, high, generator)`: float32, 24 bits of each draw. */
export function torchUniform(next: () => number, n: number, low: number, high: number): Float32Array {
  const [from, width] = [Math.fround(low), Math.fround(Math.fround(high) - Math.fround(low))];
  return Float32Array.from({ length: n }, () => Math.fround(Math.fround((next() % 2 ** 24) * 2 ** -24) * width) + from);
}

/** The first `count` of `torch.randperm(n, generator)`. */
export function torchPermutation(next: () => number, n: number, count: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < Math.min(count, n - 1); i++) {
    const other = i + (next() % (n - i));
    [order[i], order[other]] = [order[other] as number, order[i] as number];
  }
  return order.subarray(0, count);
}
