// Delta-CoMe (Ping et al., arXiv 2406.08903): change [o, i] ~ u v as in low rank, the vectors of large singular values in
// more bits than those of small ones. Vectors are rounded in groups with a scale each; both have a root of their value.
import type { Json } from '@peftjs/checkpoint';
import type { Codec, EncodedPart, Stored } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { additive, type MatrixShape, needsMatrix } from './additive.ts';
import { encodeGroups, type GroupForm, openGroups } from './grouped.ts';
import { isCount } from './is-count.ts';
import { type Factors, productRows, turned } from './product.ts';
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
      const { rank, values, u, v } = await singularValues(change, total, pause);
      const { rows, columns } = change;
      const kept = cutTo(segments, rank);
      /** Some of the vectors [r, length], times a root of their values. */
      const some = (vectors: Float32Array, first: number, count: number, length: number) => ({
        rows: count,
        columns: length,
        async read(begin: number, end: number) {
          const out = vectors.slice((first + begin) * length, (first + end) * length);
          for (let row = begin; row < end; row++) {
            const root = Math.sqrt(values[first + row] as number);
            for (let at = (row - begin) * length; at < (row + 1 - begin) * length; at++) out[at]! *= root;
          }
          return out;
        },
      });
      let parts: Record<string, EncodedPart> = {};
      let first = 0;
      for (const [k, { rank: count, bits }] of kept.entries()) {
        const left = some(u, first, count, rows);
        const right = some(v, first, count, columns);
        parts = {
          ...parts,
          ...(await encodeGroups(left, formOf(bits), `u${k}_`, pause)),
          ...(await encodeGroups(right, formOf(bits), `v${k}_`, pause)),
        };
        first += count;
      }
      return { meta: { segments: kept.map(({ rank, bits }) => [rank, bits]) }, parts };
    },
    async open(stored, shape) {
      return productRows(await readVectors(stored, shape), shape.columns);
    },
  });
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

async function readVectors(stored: Stored, { rows, columns }: MatrixShape): Promise<Factors> {
  const segments = parseSegments(stored.meta.segments, Math.min(rows, columns));
  const rank = segments.reduce((sum, one) => sum + one.rank, 0);
  const u = new Float32Array(rank * rows);
  const v = new Float32Array(rank * columns);
  let first = 0;
  for (const [k, { rank: count, bits }] of segments.entries()) {
    const left = await openGroups(stored, { rows: count, columns: rows }, formOf(bits), `u${k}_`)(0, count);
    u.set(left, first * rows);
    const right = await openGroups(stored, { rows: count, columns }, formOf(bits), `v${k}_`)(0, count);
    v.set(right, first * columns);
    first += count;
  }
  return { rank, u: turned(u, rank, rows), v };
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
