// How often numbers of each size come in each context, as a weight of 5 bits, and the shares that a coder makes of it. Any
// weights make a table; there is none whose shares do not add up.
import { DeltaError } from '../delta-error.ts';
import { decodeSmallSteps, encodeSmallSteps } from './small-steps.ts';

/** The shares of a table add up to this. These three are those of assembly/, too. */
export const PLACES: number = 2 ** 12;
/** There are so many contexts at most. */
export const CONTEXTS = 64;
/** As many sizes as each context has in what `makeTables` is given. */
export const ROW = 128;
/** Sizes of numbers below 2^32: 0 to 3, and from there on four for each power of two. */
const SIZES = 124;
/** About what a weight takes in a table's header. */
const WEIGHT_BITS = 5;

/** What a weight stands for: nothing, one, and then steps of a third. */
const WEIGHTS: readonly number[] = (() => {
  const all = [0, 1];
  while (all.length < 32) {
    const last = all.at(-1) as number;
    all.push(last + ((last * 5) >> 4) + 1);
  }
  return all;
})();

/** The square of what is as near to a weight as to the next one. */
const SQUARES: readonly number[] = WEIGHTS.slice(1).map((next, weight) => next * (WEIGHTS[weight] as number));

export interface Tables {
  /** Of each context its table; of those that do not come any. */
  readonly tableOf: Uint32Array;
  /** For each table the shares of all sizes. */
  readonly shares: readonly Uint16Array[];
}

/** @param counts for each context how many numbers it has of each size */
export function makeTables(counts: Uint32Array): Tables & { readonly header: Uint8Array } {
  const tableOf = new Uint32Array(CONTEXTS);
  const shares: Uint16Array[] = [];
  const groups = groupsOf(counts);
  const firsts = groups.map(({ contexts }) => contexts[0] as number);
  const first = firsts[0] ?? 0;
  const header: number[] = [first, (firsts.at(-1) ?? -1) + 1 - first];
  for (const [table, { contexts, sizes }] of groups.entries()) {
    const weights = weightsOf(sizes);
    const between = (firsts[table + 1] ?? 0) - (contexts[0] as number) - 1;
    header.push(...packed(weights), ...new Array(Math.max(0, between)).fill(0));
    shares.push(sharesOf(weights));
    for (const context of contexts) tableOf[context] = table;
  }
  return { tableOf, shares, header: Uint8Array.from(header) };
}

interface Group {
  readonly contexts: number[];
  readonly sizes: Uint32Array;
  readonly bits: number;
}

/** Contexts that share a table: neighbors, where that takes fewer bits than a table for each. */
function groupsOf(counts: Uint32Array): readonly Group[] {
  const groups: Group[] = [];
  for (let context = 0; context < CONTEXTS; context++) {
    const sizes = counts.subarray(context * ROW, context * ROW + SIZES);
    const bits = bitsOf(sizes);
    if (bits === 0) continue;
    const last = groups.at(-1);
    const both = last && sumOf(last.sizes, sizes);
    const joint = both ? bitsOf(both) : 0;
    if (last && both && joint <= last.bits + bits)
      groups[groups.length - 1] = { contexts: [...last.contexts, context], sizes: both, bits: joint };
    else groups.push({ contexts: [context], sizes, bits });
  }
  return groups;
}

function sumOf(a: Uint32Array, b: Uint32Array): Uint32Array {
  const sums = a.slice();
  for (let k = 0; k < sums.length; k++) sums[k]! += b[k] as number;
  return sums;
}

/** What numbers take with a table of their own, and the table; 0 of none. */
function bitsOf(counts: Uint32Array): number {
  let [total, sizes, own] = [0, 0, 0];
  for (let size = 0; size < SIZES; size++) {
    const count = counts[size] as number;
    if (count === 0) continue;
    total += count;
    sizes = size + 1;
    own += count * Math.log2(count);
  }
  return total === 0 ? 0 : total * Math.log2(total) - own + WEIGHT_BITS * sizes;
}

/** What `makeTables` wrote, and how long it is. */
export function readTables(bytes: Uint8Array): Tables & { readonly length: number } {
  const tableOf = new Uint32Array(CONTEXTS);
  const shares: Uint16Array[] = [];
  const [first = 0, number = 0] = bytes;
  let at = 2;
  for (let context = first; context < Math.min(first + number, CONTEXTS); context++) {
    const sizes = bytes[at++] ?? 0;
    if (sizes > 0) {
      if (sizes > SIZES) throw new DeltaError(`a table of ${sizes} sizes has more than there are`);
      const { values, length } = decodeSmallSteps(bytes.subarray(at), sizes, WEIGHTS.length);
      shares.push(sharesOf(values));
      at += length;
    }
    if (shares.length === 0) throw new DeltaError('the first of the contexts has no table');
    tableOf.fill(shares.length - 1, context);
  }
  if (shares.length === 0) throw new DeltaError(`numbers of ${bytes.length} bytes have no table`);
  return { tableOf, shares, length: at };
}

/** The weights that are nearest to what was counted. */
function weightsOf(counts: Uint32Array): Uint8Array {
  let most = 1;
  for (const count of counts) most = Math.max(most, count);
  const top = WEIGHTS.at(-1) as number;
  const weights = new Uint8Array(counts.length);
  for (let size = 0; size < counts.length; size++) {
    const count = counts[size] as number;
    if (count > 0) weights[size] = nearestTo((count * top) / most);
  }
  return weights;
}

/** The weight that stands for what is nearest; 1 at least. */
function nearestTo(wanted: number): number {
  let [low, high] = [1, SQUARES.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((SQUARES[middle] as number) < wanted ** 2) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** At least 1 where there is a weight. */
function sharesOf(weights: Uint8Array): Uint16Array {
  let total = 0;
  for (const weight of weights) total += WEIGHTS[weight] as number;
  if (total === 0) throw new DeltaError('a table has no size that may come');
  const shares = new Uint16Array(SIZES);
  let left = PLACES;
  for (let size = 0; size < weights.length; size++) {
    const weight = WEIGHTS[weights[size] as number] as number;
    if (weight > 0) shares[size] = Math.max(1, Math.floor((weight * PLACES) / total));
    left -= shares[size] as number;
  }
  while (left !== 0) {
    let largest = 0;
    for (let size = 1; size < weights.length; size++)
      if ((shares[size] as number) > (shares[largest] as number)) largest = size;
    const step = left > 0 ? left : -1;
    shares[largest]! += step;
    left -= step;
  }
  return shares;
}

/** The number of weights up to the last that is none, and these. */
function packed(weights: Uint8Array): readonly number[] {
  const sizes = weights.findLastIndex((weight) => weight > 0) + 1;
  return [sizes, ...encodeSmallSteps(weights.subarray(0, sizes))];
}
