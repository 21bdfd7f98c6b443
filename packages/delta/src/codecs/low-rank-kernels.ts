// The loops of low rank. What is begun may wait for what it reads: each has memory of its own.

import { lowRank } from './kernels.gen.ts';
import { type KernelMemory, startKernels } from './kernels.ts';

/** What assembly/low-rank.ts exports. Matrices are addresses. */
export interface LowRankKernels extends KernelMemory {
  products(
    d: number,
    p: number,
    x: number,
    q: number,
    columns: number,
    stride: number,
    out: number,
    apart: number,
  ): void;
  multiply(
    m: number,
    p: number,
    q: number,
    apart: number,
    x: number,
    columns: number,
    stride: number,
    out: number,
    adds: boolean,
  ): void;
  gram(x: number, q: number, columns: number, stride: number, out: number): void;
  orthonormal(gram: number, q: number, beyond: number, least: number, room: number, out: number, apart: number): void;
  fold(d: number, p: number, first: number, q: number, columns: number, stride: number, out: number): void;
}

/** Bytes of memory that are kept for the next one. */
const KEPT = 2 ** 24;
const idle: LowRankKernels[] = [];

export function takeKernels(): LowRankKernels {
  return idle.pop() ?? startKernels<LowRankKernels>(lowRank);
}

export function giveBack(kernels: LowRankKernels): void {
  if (kernels.bytes(0, 0).buffer.byteLength <= KEPT) idle.push(kernels);
}

/** Numbers from one row to the next: lines of 64 bytes, and so many that rows do not fight for the same places of a cache. */
export function strideOf(columns: number): number {
  return 16 * (Math.ceil(columns / 16) | 1);
}

/** Rows that lie together, as rows a stride apart. */
export function spread(rows: Float32Array, columns: number, to: Float32Array): void {
  const stride = strideOf(columns);
  for (let from = 0, at = 0; from < rows.length; from += columns, at += stride)
    to.set(rows.subarray(from, from + columns), at);
}

/** The other way. */
export function gather(from: Float32Array, columns: number, rows: Float32Array): void {
  const stride = strideOf(columns);
  for (let at = 0, to = 0; to < rows.length; at += stride, to += columns) rows.set(from.subarray(at, at + columns), to);
}
