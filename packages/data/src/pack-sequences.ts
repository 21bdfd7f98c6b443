/** Packing: several short sequences in one window, so that no step is spent on padding. */
import { IGNORED_LABEL, type TokenSequence } from './token-sequence.ts';

/**
 * Joins sequences, in their order, into windows of at most `maxLength` tokens, with `eosId` between two of them.
 * What is learned is the same as without packing: the first token of a sequence, and an end of sequence put in here, have
 * no label. There is no mask between the sequences of a window: each attends to those before it.
 */
export function packSequences(
  sequences: Iterable<TokenSequence>,
  { maxLength, eosId }: { readonly maxLength: number; readonly eosId: number },
): readonly TokenSequence[] {
  const windows: TokenSequence[] = [];
  let ids: number[] = [];
  let labels: number[] = [];
  const close = (): void => {
    if (ids.length > 0) windows.push({ ids: Int32Array.from(ids), labels: Int32Array.from(labels) });
    ids = [];
    labels = [];
  };
  for (const sequence of sequences) {
    const separator = ids.length > 0 && ids.at(-1) !== eosId ? 1 : 0;
    if (ids.length + separator + sequence.ids.length > maxLength) {
      close();
    } else if (separator === 1) {
      ids.push(eosId);
      labels.push(IGNORED_LABEL);
    }
    for (const [i, id] of sequence.ids.entries()) {
      ids.push(id);
      labels.push(i === 0 ? IGNORED_LABEL : sequence.labels[i]!);
    }
  }
  close();
  return windows;
}
