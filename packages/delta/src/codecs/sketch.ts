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

export function upTo(step: number, count: number): number {
  return step * Math.ceil(count / step);
}

/** Vectors beyond the rank, where there is one part: the last of them are the least exact. */
const EXTRA = 12;
/** Where there are more, each has half the rank, and so many beyond it: with 12 more of one part that takes D'D twice, as much is found. */
const [PARTS, PART_EXTRA] = [3, 4];

/** Matrices in the kernels' memory. */
export interface Sketch {
  readonly kernels: LowRankKernels;
  /** Vectors that are found in one go over D, and how many times that is done. */
  readonly part: number;
  readonly parts: number;
  /** Vectors in all. */
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
  /** [w, i], orthonormal. */
  readonly vectors: number;
  /** [part, i]: those of the part at hand, so short that their products with D are near 1, and products of those with D no larger than D. */
  readonly probes: number;
  /** [w, i]: products of `image` and D. */
  readonly sums: number;
  /** A matrix [w, rows] for each block of D: products of the probes and D. */
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

export function startSketch(kernels: LowRankKernels, { rows, columns }: Matrix, rank: number): Sketch {
  const stride = strideOf(columns);
  const isKept = rows * stride <= KEPT;
  const least = Math.min(rows, columns);
  const few = upTo(4, Math.min(rank + EXTRA, least));
  const most = Math.max(SUMS * few, Math.floor(KEPT / stride));
  const folds = isKept || rows < ROWS * most ? 0 : upTo(2, most);
  const half = upTo(4, Math.ceil(rank / 2) + PART_EXTRA);
  const [part, parts] = folds > 0 ? [few, 1] : PARTS * half < least ? [half, PARTS] : [upTo(4, least), 1];
  const width = part * parts;
  const little = strideOf(width);
  const step = Math.min(upTo(2, rows), Math.max(2, Math.floor(BLOCK / stride / 16) * 16));
  const apart = upTo(16, step);
  const sizes = {
    change: (isKept ? upTo(2, rows) : step) * stride,
    folded: folds * stride,
    vectors: width * stride,
    probes: part * stride,
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
    part,
    parts,
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
