// A chunk of an exact change of numbers, coded and taken back.
import type { Task } from '../crew/task.ts';
import { decodeBits, encodeBits, undoBits } from './change-bits.ts';
import type { NumberForm } from './ordered-bits.ts';

export interface EncodeOptions {
  readonly form: NumberForm;
  /** Without the octaves. */
  readonly forward: boolean;
}

/** [base, tuned] as [bits, octaves]. */
export const encodeChunk: Task<EncodeOptions> = {
  name: 'exact.encode',
  run([base, tuned], { form, forward }) {
    const { bits, octaves } = encodeBits(base as Uint8Array, tuned as Uint8Array, form);
    return forward ? [bits] : [bits, octaves()];
  },
};

/** [bits, base] as [tuned]. */
export const decodeChunk: Task<NumberForm> = {
  name: 'exact.decode',
  run: ([bits, base], form) => [decodeBits(bits as Uint8Array, base as Uint8Array, form)],
};

/** [bits, octaves, tuned] as [base]. */
export const undoChunk: Task<NumberForm> = {
  name: 'exact.undo',
  run: ([bits, octaves, tuned], form) => [
    undoBits({ bits: bits as Uint8Array, octaves: octaves as Uint8Array }, tuned as Uint8Array, form),
  ],
};
