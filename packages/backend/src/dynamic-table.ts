// The 256 numbers of the dynamic data type (Dettmers et al., arXiv 2110.02861), as bitsandbytes has them to the last bit: seven
// decades of 1, 2, 4, ... 64 numbers on each side of zero; without a sign 2, 4, 8, ... 128. Beside them 0 and 1.

const { fround } = Math;

/** Middles of as many equal parts of 0.1 to 1, rounded where torch's linspace rounds. */
function middles(count: number): readonly number[] {
  const first = fround(0.1);
  const step = fround(fround(1 - first) / count);
  const bound = (i: number) => fround(i < Math.floor((count + 1) / 2) ? first + step * i : 1 - step * (count - i));
  return Array.from({ length: count }, (_, i) => fround(fround(bound(i) + bound(i + 1)) / 2));
}

/** The numbers between 0 and 1, a decade after the other, ascending. */
export function decadeNumbers(signed: boolean): readonly (readonly number[])[] {
  return Array.from({ length: 7 }, (_, decade) =>
    middles(2 ** (signed ? decade : decade + 1)).map((size) => fround(size * fround(10 ** (decade - 6)))),
  );
}

/** The number of every code, ascending. */
export function dynamicTable(signed: boolean): Float32Array {
  const above = decadeNumbers(signed).flat();
  return Float32Array.of(...(signed ? above.toReversed().map((v) => -v) : []), 0, ...above, 1);
}
