// The loops of the lossy codecs.
import { codes } from './kernels.gen.ts';
import { type KernelMemory, startKernels } from './kernels.ts';

/** What assembly/codes.ts exports. */
export interface CodeKernels extends KernelMemory {
  readonly CLIPS: number;
  encodeGroups(
    values: number,
    rows: number,
    columns: number,
    group: number,
    bits: number,
    zero: number,
    clips: number,
    row: number,
    codes: number,
    scales: number,
  ): void;
  decodeGroups(
    codes: number,
    scales: number,
    rows: number,
    columns: number,
    group: number,
    bits: number,
    zero: number,
    row: number,
    values: number,
  ): void;
  signs(values: number, count: number, bits: number, sum: number): number;
  signed(bits: number, count: number, scale: number, values: number): void;
  tally(values: number, count: number, counts: number): void;
  markLargest(values: number, count: number, bucket: number, left: number, mask: number): number;
  markDrawn(values: number, count: number, state: number, limit: number, mask: number): number;
  gather(values: number, mask: number, bytes: number, factor: number, to: number): number;
  marked(mask: number, bytes: number): number;
  scatter(mask: number, bytes: number, from: number, values: number): void;
}

let started: CodeKernels | null = null;

export function codeKernels(): CodeKernels {
  started ??= startKernels<CodeKernels>(codes);
  return started;
}
