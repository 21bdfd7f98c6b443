// Delta-CoMe (Ping et al., arXiv 2406.08903): change [o, i] ~ u v as in low rank, the vectors of large singular values in
// more bits than those of small ones. Vectors are rounded in groups with a scale each; both have a root of their value.
import type { Json } from '@peftjs/checkpoint';
import type { Codec, EncodedPart, Stored } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import type { Room } from '../room.ts';
import { additive, type Matrix, type MatrixShape, needsMatrix, rowBlocks } from './additive.ts';
import { encodeGroups, type GroupForm, openColumns, openGroups, type ReadColumns } from './grouped.ts';
import { isCount } from './is-count.ts';
import { type Factors, productRows } from './product.ts';
import { singularValues } from './singular-values.ts';

/** So many singular values, those that are left of the largest, and the bits of a number of their vectors. */
export interface Segment {
  readonly rank: number;
  readonly bits: number;
}

export interface MixedOptions {
  readonly segments?: readonly Segment[];
}

/** As in the paper: a few in 8 bits, some in 3, many in 2. */
const SEGMENTS: readonly Segment[] = [
  { rank: 2, bits: 8 },
  { rank: 32, bits: 3 },
  { rank: 94, bits: 2 },
];

const GROUP = 128;

/** Codes lie to both sides of zero, none on it: of so few none is spared. */
function formOf(bits: number): GroupForm {
  return { bits, zero: (2 ** bits - 1) / 2, group: GROUP, clips: bits > 4 ? [1] : [1, 0.85, 0.7, 0.55, 0.4] };
}

/**
 * Singular values with their vectors, in fewer bits the smaller they are.
 *
 * @example
 * const codec = mixed({ segments: [{ rank: 4, bits: 8 }, { rank: 60, bits: 2 }] });
 */
export function mixed({ segments = SEGMENTS }: MixedOptions = {}): Codec {
  const wrong = segments.find(({ rank, bits }) => !isCount(rank) || !isBits(bits));
  if (wrong || segments.length === 0)
    throw new DeltaError(`segments hold ${JSON.stringify(wrong ?? null)}; give a rank above 0 and 2 to 8 bits`);
  return additive({
    id: 'mixed',
    check: needsMatrix,
    async encode(change, pause) {
      const total = segments.reduce((sum, { rank }) => sum + rank, 0);
      return singularValues(change, total, pause, async ({ rank, values, u, v }) => {
        const kept = cutTo(segments, rank);
        let parts: Record<string, EncodedPart> = {};
        let first = 0;
        for (const [k, { rank: count, bits }] of kept.entries()) {
          const roots = values.subarray(first, first + count).map(Math.sqrt);
          parts = {
            ...parts,
            ...(await encodeGroups(scaled(u, first, roots), formOf(bits), `u${k}_`, pause)),
            ...(await encodeGroups(scaled(v, first, roots), formOf(bits), `v${k}_`, pause)),
          };
          first += count;
        }
        return { meta: { segments: kept.map(({ rank, bits }) => [rank, bits]) }, parts };
      });
    },
    async open(stored, shape, room) {
      return productRows(await readVectors(stored, shape, room), shape.columns, room);
    },
  });
}

/** Rows from the first one on, each by a factor. */
function scaled({ columns, read }: Matrix, first: number, factors: Float64Array): Matrix {
  return {
    rows: factors.length,
    columns,
    async read(begin, end) {
      const out = await read(first + begin, first + end);
      for (let row = begin, at = 0; row < end; row++) {
        const factor = factors[row] as number;
        for (let i = 0; i < columns; i++) out[at++]! *= factor;
      }
      return out;
    },
  };
}

function isBits(value: unknown): value is number {
  return isCount(value) && value >= 2 && value <= 8;
}

/** The segments as far as there are singular values. */
function cutTo(segments: readonly Segment[], rank: number): readonly Segment[] {
  let left = rank;
  return segments.flatMap(({ rank: wanted, bits }) => {
    const count = Math.min(wanted, left);
    left -= count;
    return count > 0 ? [{ rank: count, bits }] : [];
  });
}

async function readVectors(stored: Stored, { rows, columns }: MatrixShape, room: Room): Promise<Factors> {
  const segments = parseSegments(stored.meta.segments, Math.min(rows, columns));
  const rank = segments.reduce((sum, one) => sum + one.rank, 0);
  const v = new Float32Array(rank * columns);
  const lefts: { first: number; count: number; read: ReadColumns }[] = [];
  let first = 0;
  for (const [k, { rank: count, bits }] of segments.entries()) {
    const form = formOf(bits);
    lefts.push({ first, count, read: await openColumns(stored, { rows: count, columns: rows }, form, `u${k}_`) });
    const right = { rows: count, columns };
    const read = openGroups(stored, right, form, `v${k}_`, room);
    for (const [begin, end] of rowBlocks(right)) v.set(await read(begin, end), (first + begin) * columns);
    first += count;
  }
  /** [o, r], of whole groups of vectors [r, o] that are decoded anew each time: they are many, and their codes few. */
  const u = (begin: number, end: number) => {
    const from = begin - (begin % GROUP);
    const to = Math.min(rows, GROUP * Math.ceil(end / GROUP));
    const out = new Float32Array((end - begin) * rank);
    for (const { first, count, read } of lefts) {
      const vectors = read(from, to);
      for (let r = 0; r < count; r++)
        for (let at = r * (to - from) + begin - from, o = first + r; o < out.length; o += rank) out[o] = vectors[at++]!;
    }
    return out;
  };
  return { rank, u, v };
}

function parseSegments(value: Json | undefined, most: number): readonly Segment[] {
  const list = Array.isArray(value) ? (value as readonly Json[]) : [];
  const segments = list.flatMap((one) => {
    const [rank, bits] = Array.isArray(one) ? (one as readonly Json[]) : [];
    return isCount(rank) && isBits(bits) ? [{ rank, bits }] : [];
  });
  const total = segments.reduce((sum, { rank }) => sum + rank, 0);
  if (segments.length === list.length && total > 0 && total <= most) return segments;
  throw new DeltaError(
    `segments is ${JSON.stringify(value)}; expected pairs of a rank and 2 to 8 bits, of at most ${most} singular values`,
  );
}
