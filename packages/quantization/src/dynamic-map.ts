// The 256 numbers of the dynamic data type: a sign, an exponent of as many bits as it needs, a fraction in the others.
// arXiv 2110.02861 (8-bit optimizers via block-wise quantization).

/** Fractions between 0.1 and 1: the centers of as many equal parts, rounded where torch's linspace rounds. */
function fractions(count: number): number[] {
  const { fround } = Math;
  const first = fround(0.1);
  const step = fround(fround(1 - first) / count);
  const bound = (i: number) => fround(i < Math.floor((count + 1) / 2) ? first + step * i : 1 - step * (count - i));
  return Array.from({ length: count }, (_, i) => fround(fround(bound(i) + bound(i + 1)) / 2));
}

/** In order, from -0.993 to 1. The same numbers as bitsandbytes has. */
export const DYNAMIC_MAP: Float32Array = dynamicMap();

function dynamicMap(): Float32Array {
  const sizes = [0, 1, 2, 3, 4, 5, 6].flatMap((e) =>
    fractions(2 ** e).map((size) => size * Math.fround(10 ** (e - 6))),
  );
  return Float32Array.from([...sizes.map((size) => -size), 0, ...sizes, 1]).sort();
}
