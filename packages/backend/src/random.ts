// Seeded random numbers, the same on every backend. tfjs's own take a seed of 0 as no seed.

/** A stream of uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * The stream of a seed: sfc32 (Doty-Humphrey's small fast counting generator). Any integers make a seed, 0 among them;
 * several of them name a stream within a stream: `random(seed, step, layer)`.
 */
export function random(...seed: readonly number[]): Random {
  let a = 0x9e3779b9 | 0;
  let b = 0x243f6a88 | 0;
  let c = 0xb7e15162 | 0;
  let d = 1;
  const next: Random = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 4294967296;
  };
  for (const s of seed) {
    a = (a + s) | 0;
    b ^= (s / 4294967296) | 0;
    for (let i = 0; i < 12; i++) next();
  }
  return next;
}

/** `n` numbers uniform in [low, high). */
export function uniform(next: Random, n: number, low: number, high: number): Float32Array {
  return Float32Array.from({ length: n }, () => low + (high - low) * next());
}

/** `n` normal numbers of mean 0 (Box and Muller). */
export function normal(next: Random, n: number, deviation: number): Float32Array {
  let radius = 0;
  let angle = 0;
  return Float32Array.from({ length: n }, (_, i) => {
    if (i % 2) return radius * Math.sin(angle);
    radius = deviation * Math.sqrt(-2 * Math.log(1 - next()));
    angle = 2 * Math.PI * next();
    return radius * Math.cos(angle);
  });
}
