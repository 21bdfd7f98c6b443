// The parts of a Krylov space: vectors that are orthonormal to those of the parts before, and their products with D.
import { type Rows, type Sketch, upTo } from './sketch.ts';

/** Least share of a vector's square beyond the span of others. */
const BEYOND = 1e-12;
/** Least share of the largest beyond the span of parts before: less is what rounding has left. */
const LEFT = 1e-10;

/** Products of so many vectors that lie there with one another. Long ones lie in blocks. */
export function gramOf({ kernels, gram }: Sketch, at: number, width: number, stride: number, blocks = 1): void {
  kernels.doubles(gram, width * width).fill(0);
  for (let k = 0; k < blocks; k++) kernels.gram(at + 4 * k * width * stride, width, stride, stride, gram);
}

/**
 * Makes vectors of the k-th part, and probes, of the sums of the one before, or of sums that lie in its own place: twice, which is enough. What
 * these have of the vectors of parts before is taken off.
 */
export function orthonormalize(sketch: Sketch, k: number): void {
  const { kernels, part, stride, little, vectors, sums, probes, gram, room, turn, other } = sketch;
  const [numbers, before] = [part * stride, k * part];
  const [own, aside] = [vectors + 4 * k * numbers, sums + 4 * k * numbers];
  const from = kernels.floats(aside, numbers);
  if (k > 0) from.set(kernels.floats(aside - 4 * numbers, numbers));
  const largest = largestSquare(from, stride);
  for (let pass = 0; pass < 2; pass++) {
    if (k > 0) {
      kernels.products(vectors, before, aside, part, stride, stride, other, little);
      const shares = kernels.floats(other, part * little);
      for (let at = 0; at < shares.length; at++) shares[at] = -(shares[at] as number);
      kernels.multiply(other, part, before, little, vectors, stride, stride, aside, true);
    }
    gramOf(sketch, aside, part, stride);
    kernels.orthonormal(gram, part, BEYOND, pass === 0 ? LEFT * largest : 0, room, turn, little);
    kernels.multiply(turn, part, part, little, aside, stride, stride, own, false);
    from.set(kernels.floats(own, numbers));
  }
  const size = Math.sqrt(largest) || 1;
  const short = kernels.floats(probes, numbers);
  for (let at = 0; at < numbers; at++) short[at] = (from[at] as number) / size;
}

function largestSquare(numbers: Float32Array, stride: number): number {
  let largest = 0;
  for (let row = 0; row < numbers.length; row += stride) {
    let square = 0;
    for (let at = row; at < row + stride; at++) square += (numbers[at] as number) ** 2;
    largest = Math.max(largest, square);
  }
  return largest;
}

/** Multiplies the k-th part's probes with blocks of rows, and those products with them. */
export async function multiplyPart(
  sketch: Sketch,
  k: number,
  blocks: AsyncIterable<Rows> | Iterable<Rows>,
): Promise<void> {
  const { kernels, part, stride, apart, probes, sums } = sketch;
  const own = sums + 4 * k * part * stride;
  kernels.floats(own, part * stride).fill(0);
  for await (const { at, count, products } of blocks) {
    const image = products + 4 * k * part * apart;
    kernels.products(at, upTo(2, count), probes, part, stride, stride, image, apart);
    kernels.multiply(image, part, count, apart, at, stride, stride, own, true);
  }
}
