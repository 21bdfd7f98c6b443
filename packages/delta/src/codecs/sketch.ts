// What is kept of a matrix that is read in blocks of rows: its products with a few vectors, in the memory of the kernels.
import type { Pause } from '../codec.ts';
import type { Matrix } from './additive.ts';
import { type LowRankKernels, spread, strideOf } from './low-rank-kernels.ts';

/** Numbers of a block, which stays in a cache while loops run over it. */
const BLOCK = 2 ** 16;
/** Numbers of a matrix that is read but once, and kept. */
const KEPT = 2 ** 20;
/** Sums of rows for each vector that is sought, at least, and rows for each of them. */
const [SUMS, ROWS] = [20, 4];
/** Least share of a vector's square beyond the span of others. */
const BEYOND = 1e-12;

export function upTo(step: number, count: number): number {
  return step * Math.ceil(count / step);
}

/** Matrices in the kernels' memory. */
export interface Sketch {
  readonly kernels: LowRankKernels;
  /** Vectors that are sought. */
  readonly width: number;
  readonly stride: number;
  /** Rows of a block of D. */
  readonly step: number;
  /** All of D, or a block. */
  readonly change: number;
  readonly isKept: boolean;
  /** Of D that is not kept, if it has many rows: so many sums of them with random signs, [folds, i]. */
  readonly folds: number;
  readonly folded: number;
  /** [w, i] */
  readonly vectors: number;
  /** [w, i]: products of `image` and D. */
  readonly sums: number;
  /** A matrix [w, rows] for each block of D: products of the vectors and D. */
  readonly image: number;
  /** From one of its rows to the next. */
  readonly apart: number;
  /** [w, w], of float64: the lower half. */
  readonly gram: number;
  /** [w, 2 w + 2], of float64. */
  readonly room: number;
  /** From one row of a small matrix to the next. */
  readonly little: number;
  /** Small matrices [w, w]. */
  readonly turn: number;
  readonly other: number;
  /** [w, rows] of a block. */
  readonly turned: number;
}

export function startSketch(kernels: LowRankKernels, { rows, columns }: Matrix, width: number): Sketch {
  const [stride, little] = [strideOf(columns), strideOf(width)];
  const step = Math.min(upTo(2, rows), Math.max(2, Math.floor(BLOCK / stride / 16) * 16));
  const apart = upTo(16, step);
  const isKept = rows * stride <= KEPT;
  const most = Math.max(SUMS * width, Math.floor(KEPT / stride));
  const folds = isKept || rows < ROWS * most ? 0 : upTo(2, most);
  const sizes = {
    change: (isKept ? upTo(2, rows) : step) * stride,
    folded: folds * stride,
    vectors: width * stride,
    sums: width * stride,
    image: Math.ceil(rows / step) * width * apart,
    gram: 2 * width * width,
    room: 4 * width * (width + 1),
    turn: width * little,
    other: width * little,
    turned: width * apart,
  };
  const areas = kernels.areas(...Object.values(sizes).map((count) => 4 * count));
  const starts = Object.fromEntries(Object.keys(sizes).map((name, k) => [name, areas[k]]));
  for (const [name, count] of Object.entries(sizes)) kernels.floats(starts[name] as number, count).fill(0);
  return {
    kernels,
    width,
    stride,
    step,
    apart,
    isKept,
    folds,
    little,
    ...(starts as Record<keyof typeof sizes, number>),
  };
}

export interface Rows {
  readonly begin: number;
  readonly count: number;
  /** Where they lie until the next ones are asked for. */
  readonly at: number;
  /** Where their products belong. */
  readonly products: number;
}

/** Gives the blocks of D, as often as it is called. */
export function blockReader(
  { kernels, width, stride, step, change, isKept, image, apart }: Sketch,
  { rows, columns, read }: Matrix,
  pause: Pause,
): () => AsyncGenerator<Rows> {
  let isRead = false;
  return async function* () {
    for (let begin = 0; begin < rows; begin += step) {
      await pause();
      const count = Math.min(step, rows - begin);
      const at = change + (isKept ? 4 * begin * stride : 0);
      if (!isRead) {
        const room = kernels.floats(at, upTo(2, count) * stride);
        spread(await read(begin, begin + count), columns, room);
        room.fill(0, count * stride);
      }
      yield { begin, count, at, products: image + 4 * (begin / step) * width * apart };
    }
    isRead = isKept;
  };
}

/** Gives those of the sums of D's rows. */
export function* foldedBlocks({ folds, folded, stride, step, image }: Sketch): Generator<Rows> {
  for (let begin = 0; begin < folds; begin += step)
    yield { begin, count: Math.min(step, folds - begin), at: folded + 4 * begin * stride, products: image };
}

/** Products of the vectors that lie there with one another. Long ones lie in blocks. */
export function gramOf({ kernels, width, gram }: Sketch, at: number, stride: number, blocks = 1): void {
  kernels.doubles(gram, width * width).fill(0);
  for (let k = 0; k < blocks; k++) kernels.gram(at + 4 * k * width * stride, width, stride, stride, gram);
}

/**
 * Makes vectors of the sums, all of one length: twice, which is enough. Their products with D are near 1, so that products of those
 * with D are no smaller, or larger, than D.
 */
export function orthonormalize(sketch: Sketch): void {
  const { kernels, width, stride, little, vectors, sums, gram, room, turn } = sketch;
  let size = 0;
  for (let pass = 0; pass < 2; pass++) {
    gramOf(sketch, sums, stride);
    kernels.orthonormal(gram, width, BEYOND, room, turn, little);
    const by = kernels.floats(turn, width * little);
    if (pass === 0) size = Math.sqrt(kernels.doubles(gram, width * width).reduce((a, b) => Math.max(a, b))) || 1;
    else for (let at = 0; at < by.length; at++) by[at] = (by[at] as number) / size;
    kernels.multiply(turn, width, width, little, sums, stride, stride, vectors, false);
    kernels.floats(sums, width * stride).set(kernels.floats(vectors, width * stride));
  }
}
