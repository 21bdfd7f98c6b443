/** Batches: sequences side by side, padded on the right. Each is a function of seed, epoch and index, so a run resumes anywhere. */
import { permutation } from './random.ts';
import { IGNORED_LABEL, type TokenSequence } from './token-sequence.ts';

/** Sequences side by side; `b` sequences, `t` tokens. */
export interface Batch {
  /** [b, t] */
  readonly inputIds: Int32Array;
  /** [b, t]: 1 for a token, 0 for padding. */
  readonly attentionMask: Int32Array;
  /** [b, t], not shifted; -100 where nothing is to be learned, padding included. */
  readonly labels: Int32Array;
  readonly shape: readonly [b: number, t: number];
}

/** The batches of a data set, epoch after epoch. */
export interface Batches {
  /** Batches in an epoch. */
  readonly size: number;
  /** Batch `index` of an epoch, both counted from 0. The same two numbers always give the same batch. */
  get(epoch: number, index: number): Batch;
}

/** How batches are made. */
export interface BatchOptions {
  /** Sequences in a batch; the last of an epoch holds what is left. */
  readonly batchSize: number;
  /** The token that fills short sequences up. The attention mask hides it and it has no label. */
  readonly padId: number;
  /** Decides the order of each epoch. Any integer. 0 unless set. */
  readonly seed?: number;
  /** A new order in every epoch. True unless set; without it the sequences keep their order. */
  readonly shuffle?: boolean;
  /** Pad to this many tokens, for batches of one shape. Unless set, each batch is as long as its longest sequence. */
  readonly padTo?: number;
}

/** Batches over sequences. The order of an epoch comes from the seed and the epoch's number alone: nothing is replayed. */
export function createBatches(sequences: readonly TokenSequence[], options: BatchOptions): Batches {
  const { batchSize, seed = 0, shuffle = true, padTo } = options;
  if (sequences.length === 0) throw new Error('[peftjs/data] there are no sequences to batch: the data is empty');
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new Error(`[peftjs/data] batchSize is ${batchSize}: give a whole number, 1 or more`);
  }
  if (!Number.isSafeInteger(seed)) throw new Error(`[peftjs/data] seed is ${seed}: give a whole number`);
  const longest = sequences.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  if (padTo !== undefined && (!Number.isInteger(padTo) || padTo < longest)) {
    throw new Error(
      `[peftjs/data] padTo is ${padTo}, and the longest sequence has ${longest} tokens: give that or more`,
    );
  }
  const size = Math.ceil(sequences.length / batchSize);
  let drawn: { readonly epoch: number; readonly order: Uint32Array } | null = null;
  const orderOf = (epoch: number): Uint32Array => {
    if (drawn?.epoch !== epoch) drawn = { epoch, order: permutation(sequences.length, seed, epoch) };
    return drawn.order;
  };
  const get = (epoch: number, index: number): Batch => {
    if (!Number.isSafeInteger(epoch) || epoch < 0)
      throw new Error(`[peftjs/data] epoch ${epoch} is none: they count from 0`);
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      throw new Error(`[peftjs/data] batch ${index} is none: an epoch has ${size}, counted from 0`);
    }
    const first = index * batchSize;
    const count = Math.min(batchSize, sequences.length - first);
    const order = shuffle ? orderOf(epoch) : null;
    const members = Array.from({ length: count }, (_, i) => sequences[order === null ? first + i : order[first + i]!]!);
    return padded(members, padTo ?? 0, options.padId);
  };
  return { size, get };
}

/** The batches of one epoch in their order. */
export function* epochOf(batches: Batches, epoch: number): Generator<Batch, void, undefined> {
  for (let index = 0; index < batches.size; index++) yield batches.get(epoch, index);
}

function padded(sequences: readonly TokenSequence[], padTo: number, padId: number): Batch {
  const b = sequences.length;
  const t = sequences.reduce((most, { ids }) => Math.max(most, ids.length), padTo);
  const inputIds = new Int32Array(b * t).fill(padId);
  const attentionMask = new Int32Array(b * t);
  const labels = new Int32Array(b * t).fill(IGNORED_LABEL);
  for (const [i, sequence] of sequences.entries()) {
    inputIds.set(sequence.ids, i * t);
    labels.set(sequence.labels, i * t);
    attentionMask.fill(1, i * t, i * t + sequence.ids.length);
  }
  return { inputIds, attentionMask, labels, shape: [b, t] };
}
