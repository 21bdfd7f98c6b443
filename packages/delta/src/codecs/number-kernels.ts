// The numbers of two models, as their bytes are, and of a change between them in float32.
import { DTYPE_BITS } from '@peftjs/safetensors';
import type { FloatDtype } from '../numbers.ts';
import { numbers } from './kernels.gen.ts';
import { type KernelMemory, startKernels } from './kernels.ts';

/** What assembly/numbers.ts exports. */
interface NumberKernels extends KernelMemory, Readonly<Record<FloatDtype, number>> {
  readonly PIECE: number;
  readonly BASE: number;
  readonly TUNED: number;
  readonly RESULT: number;
  readonly CHANGE: number;
  readonly SUMS: number;
  difference(kind: number, count: number): number;
  move(kind: number, count: number, factor: number): void;
  distances(kind: number, count: number): void;
}

let started: NumberKernels | null = null;

function kernels(): NumberKernels {
  started ??= startKernels<NumberKernels>(numbers);
  return started;
}

/** Goes through so many numbers. @param step is given the bytes from `begin` on up to `end`, which are `count` numbers from `at` on */
function inPieces(
  dtype: FloatDtype,
  total: number,
  step: (loops: NumberKernels, at: number, count: number, begin: number, end: number) => void,
): void {
  const loops = kernels();
  const width = DTYPE_BITS[dtype] / 8;
  for (let at = 0; at < total; at += loops.PIECE) {
    const count = Math.min(loops.PIECE, total - at);
    step(loops, at, count, at * width, (at + count) * width);
  }
}

/** Fills `change`, with 0 for what is not finite. Returns whether all of it is. */
export function findChange(dtype: FloatDtype, base: Uint8Array, tuned: Uint8Array, change: Float32Array): boolean {
  let finite = true;
  inPieces(dtype, change.length, (loops, at, count, begin, end) => {
    loops.write(loops.BASE, base.subarray(begin, end));
    loops.write(loops.TUNED, tuned.subarray(begin, end));
    if (!loops.difference(loops[dtype], count)) finite = false;
    change.set(loops.floats(loops.CHANGE, count), at);
  });
  return finite;
}

/** Fills `result` with numbers and `factor` times their change, reckoned in float64, rounded to float32 and then to the nearest. */
export function addChange(
  dtype: FloatDtype,
  from: Uint8Array,
  factor: number,
  change: Float32Array,
  result: Uint8Array,
): void {
  inPieces(dtype, change.length, (loops, at, count, begin, end) => {
    loops.write(loops.BASE, from.subarray(begin, end));
    loops.floats(loops.CHANGE, count).set(change.subarray(at, at + count));
    loops.move(loops[dtype], count, factor);
    result.set(loops.bytes(loops.RESULT, end - begin), begin);
  });
}

/** Adds to two sums the squared distances from `tuned`: those of `result`, and those of `base`. */
export function addDistances(
  dtype: FloatDtype,
  sums: Float64Array,
  { base, tuned, result }: { readonly base: Uint8Array; readonly tuned: Uint8Array; readonly result: Uint8Array },
): void {
  const loops = kernels();
  const kept = loops.doubles(loops.SUMS, 2);
  kept.set(sums);
  inPieces(dtype, (8 * result.length) / DTYPE_BITS[dtype], (_, __, count, begin, end) => {
    loops.write(loops.BASE, base.subarray(begin, end));
    loops.write(loops.TUNED, tuned.subarray(begin, end));
    loops.write(loops.RESULT, result.subarray(begin, end));
    loops.distances(loops[dtype], count);
  });
  sums.set(kept);
}
