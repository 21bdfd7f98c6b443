// The loops of the exact codec.
import { exact } from './kernels.gen.ts';
import { type KernelMemory, startKernels } from './kernels.ts';

/** What assembly/exact.ts exports. */
export interface ExactKernels extends KernelMemory {
  readonly BLOCK_CONTEXTS: number;
  readonly OCTAVES: number;
  readonly SIZES: number;
  readonly SPANS: number;
  readonly STATES: number;
  readonly VALUES: number;
  octaves(wide: boolean, words: number, count: number, below: number, mantissa: number, floor: number): void;
  contexts(level: number, count: number): void;
  changes(wide: boolean, from: number, to: number, count: number, below: number, values: number): number;
  move(wide: boolean, words: number, count: number, below: number, sign: number): void;
  count(wide: boolean, values: number, count: number, slots: number): void;
  encode(
    wide: boolean,
    values: number,
    slots: number,
    count: number,
    words: number,
    bits: number,
    spare: number,
  ): number;
  start(words: number, bits: number, end: number): void;
  decode(wide: boolean, count: number): number;
  isDecoded(): number;
}

let started: ExactKernels | null = null;

export function exactKernels(): ExactKernels {
  started ??= startKernels<ExactKernels>(exact);
  return started;
}
