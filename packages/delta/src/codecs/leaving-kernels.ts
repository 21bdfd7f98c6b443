// The loops that find which numbers leave their octave, and put them back.
import { leaving } from './kernels.gen.ts';
import { type KernelMemory, startKernels } from './kernels.ts';

/** What assembly/leaving.ts exports. */
interface LeavingKernels extends KernelMemory {
  readonly STAYED: number;
  readonly NEXT: number;
  readonly ENDS: number;
  setForm(below: number, mantissa: number, floor: number): void;
  leave(wide: boolean, from: number, to: number, count: number, levels: number, middle: number, out: number): number;
  enter(wide: boolean, to: number, count: number, levels: number, middle: number, octaves: number): void;
}

let started: LeavingKernels | null = null;

export function leavingKernels(): LeavingKernels {
  started ??= startKernels<LeavingKernels>(leaving);
  return started;
}
