// The largest singular values of a matrix that is read in rows, from a block Krylov space (Musco and Musco, arXiv 1504.05477): D ~ Q Q'D with
// Q orthonormal in the range of D [V1, V2, V3], where V1 spans R'D, sums of D's rows with random signs, and V2 and V3 what D'D makes of
// the part before. Of a D that has many rows V is of one part, of such sums times D'D twice, and this D'D of more such sums (Halko,
// Martinsson and Tropp, arXiv 0909.4061); where V would have about as many vectors as D has rows or columns, one part spans all of it.
import type { Pause } from '../codec.ts';
import { floatsIn } from '../numbers.ts';
import { type Room, withRoom } from '../room.ts';
import type { Matrix } from './additive.ts';
import { eigenvectors } from './eigenvectors.ts';
import { gramOf, multiplyPart, orthonormalize } from './krylov.ts';
import { gather, giveBack, strideOf, takeKernels } from './low-rank-kernels.ts';
import { blockReader, foldedBlocks, type Sketch, startSketch, upTo } from './sketch.ts';

export interface SingularValues {
  readonly rank: number;
  /** From the largest down, [r]. */
  readonly values: Float64Array;
  /** [r, o] */
  readonly u: Matrix;
  /** [r, i] */
  readonly v: Matrix;
}

/** What the start has of random numbers beside sums of rows: of a few rows that are not zeros some fall together. */
const NOISE = 1e-2;
/** Below this share of the largest, a value is rounding. */
const ROUNDING = 1e-6;
/** Least share of a product's square beyond the span of others: the sums were reckoned in float32. */
const BEYOND = 1e-6;

/** @param use is given vectors that can be read until it is through */
export async function singularValues<T>(
  matrix: Matrix,
  most: number,
  pause: Pause,
  use: (found: SingularValues) => Promise<T>,
): Promise<T> {
  const kernels = takeKernels();
  const { rows, columns } = matrix;
  const sketch = startSketch(kernels, matrix, most);
  const { part, parts, sums, stride, folds, folded } = sketch;
  const blocks = blockReader(sketch, matrix, pause);

  for await (const { at, begin, count } of blocks())
    kernels.fold(at, count, begin, folds || part, stride, stride, folds ? folded : sums);
  if (folds > 0) kernels.fold(folded, folds, 0, part, stride, stride, sums);
  addNoise(kernels.floats(sums, part * stride), part, columns);
  for (let pass = 0; pass < (folds > 0 ? 2 : 0); pass++) {
    orthonormalize(sketch, 0);
    await multiplyPart(sketch, 0, foldedBlocks(sketch));
  }
  for (let k = 0; k < parts; k++) {
    orthonormalize(sketch, k);
    await multiplyPart(sketch, k, blocks());
  }
  const made = await withRoom((left) =>
    withRoom((right) => use(factors(sketch, matrix, Math.min(most, rows, columns), left, right))),
  );
  giveBack(kernels);
  return made;
}

/** The same numbers in every run. */
function addNoise(vectors: Float32Array, width: number, columns: number): void {
  const stride = strideOf(columns);
  const square = vectors.reduce((sum, v) => sum + v * v, 0);
  const scale = NOISE * (Math.sqrt(square / (width * columns)) || 1);
  let state = 1;
  for (let k = 0; k < width; k++) {
    for (let i = 0; i < columns; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      vectors[k * stride + i] = (vectors[k * stride + i] as number) + scale * (state / 2 ** 31 - 1);
    }
  }
}

/**
 * Q = image' T' is orthonormal, and Q'D = T sums = P S V' with P of the eigenvectors of its square: the singular vectors are Q P and V, which
 * stay in the kernels' memory in the place of image and sums.
 */
function factors(sketch: Sketch, { rows, columns }: Matrix, most: number, left: Room, right: Room): SingularValues {
  const { kernels, width, stride, step, vectors, sums, image, apart, gram, room, little, turn, other, turned } = sketch;
  const blocks = Math.ceil(rows / step);
  gramOf(sketch, image, width, apart, blocks);
  kernels.orthonormal(gram, width, BEYOND, 0, room, turn, little);
  kernels.multiply(turn, width, width, little, sums, stride, stride, vectors, false);
  gramOf(sketch, vectors, width, stride);
  const { values: squares, vectors: eigen } = eigenvectors(kernels.doubles(gram, width * width), width);
  const order = [...squares.keys()].sort((a, b) => (squares[b] as number) - (squares[a] as number));
  const sizes = Float64Array.from(order, (k) => Math.sqrt(squares[k] as number));
  const rank = Math.max(1, sizes.subarray(0, most).filter((s) => s > (sizes[0] as number) * ROUNDING).length);
  const even = upTo(2, rank);

  /** Rows of P', each by a factor. */
  const placeRows = (factor: (r: number) => number) => {
    const rows = kernels.floats(other, width * little).fill(0);
    for (let r = 0; r < rank; r++) {
      const from = (order[r] as number) * width;
      for (let k = 0; k < width; k++) rows[r * little + k] = factor(r) * (eigen[from + k] as number);
    }
  };
  placeRows((r) => 1 / (sizes[r] || 1));
  kernels.multiply(other, even, width, little, vectors, stride, stride, sums, false);

  placeRows(() => 1);
  const both = room;
  kernels.multiply(other, even, width, little, turn, little, little, both, false);
  for (let block = 0; block < blocks; block++) {
    const at = image + 4 * block * width * apart;
    kernels.multiply(both, even, width, little, at, apart, apart, turned, false);
    kernels.floats(at, rank * apart).set(kernels.floats(turned, rank * apart));
  }
  return { rank, values: sizes.slice(0, rank), u: uOf(sketch, rank, rows, left), v: vOf(sketch, rank, columns, right) };
}

function uOf({ kernels, image, width, step, apart }: Sketch, rank: number, rows: number, room: Room): Matrix {
  return {
    rows: rank,
    columns: rows,
    async read(begin, end) {
      const out = floatsIn(room(4 * (end - begin) * rows));
      for (let row = 0, at = image; row < rows; row += step, at += 4 * width * apart) {
        const count = Math.min(step, rows - row);
        for (let r = begin; r < end; r++) out.set(kernels.floats(at + 4 * r * apart, count), (r - begin) * rows + row);
      }
      return out;
    },
  };
}

function vOf({ kernels, sums, stride }: Sketch, rank: number, columns: number, room: Room): Matrix {
  return {
    rows: rank,
    columns,
    async read(begin, end) {
      const out = floatsIn(room(4 * (end - begin) * columns));
      gather(kernels.floats(sums + 4 * begin * stride, (end - begin) * stride), columns, out);
      return out;
    },
  };
}
