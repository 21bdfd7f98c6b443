/** Batches of anything, epoch after epoch. Each is a function of seed, epoch and index, so a run resumes anywhere. */
import { permutation } from './random.ts';

/** The batches of a data set, epoch after epoch. */
export interface Batches<B> {
  /** Batches in an epoch. */
  readonly size: number;
  /** Batch `index` of an epoch, both counted from 0. The same two numbers always give the same batch. */
  get(epoch: number, index: number): B;
}

/** Which examples make a batch. */
export interface DrawOptions {
  /** Examples in a batch; the last of an epoch holds what is left. */
  readonly batchSize: number;
  /** Decides the order of each epoch. Any integer. 0 unless set. */
  readonly seed?: number;
  /** A new order in every epoch. True unless set; without it the examples keep their order. */
  readonly shuffle?: boolean;
}

/** Batches over items, put side by side by `collate`. The order of an epoch comes from the seed and the epoch's number alone: nothing is replayed. */
export function drawBatches<T, B>(
  items: readonly T[],
  { batchSize, seed = 0, shuffle = true }: DrawOptions,
  collate: (members: readonly T[]) => B,
): Batches<B> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new Error(`[peftjs/data] batchSize is ${batchSize}: give a whole number, 1 or more`);
  }
  if (!Number.isSafeInteger(seed)) throw new Error(`[peftjs/data] seed is ${seed}: give a whole number`);
  const size = Math.ceil(items.length / batchSize);
  let drawn: { readonly epoch: number; readonly order: Uint32Array } | null = null;
  const orderOf = (epoch: number): Uint32Array => {
    if (drawn?.epoch !== epoch) drawn = { epoch, order: permutation(items.length, seed, epoch) };
    return drawn.order;
  };
  const get = (epoch: number, index: number): B => {
    if (!Number.isSafeInteger(epoch) || epoch < 0)
      throw new Error(`[peftjs/data] epoch ${epoch} is none: they count from 0`);
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      throw new Error(`[peftjs/data] batch ${index} is none: an epoch has ${size}, counted from 0`);
    }
    const first = index * batchSize;
    const count = Math.min(batchSize, items.length - first);
    const order = shuffle ? orderOf(epoch) : null;
    return collate(Array.from({ length: count }, (_, i) => items[order === null ? first + i : order[first + i]!]!));
  };
  return { size, get };
}

/** The batches of one epoch in their order. */
export function* epochOf<B>(batches: Batches<B>, epoch: number): Generator<B, void, undefined> {
  for (let index = 0; index < batches.size; index++) yield batches.get(epoch, index);
}
