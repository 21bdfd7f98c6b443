// Low rank: change [o, i] ~ u diag(s) v with u [o, r] and v [r, i], the best of its rank (Eckart and Young). Vectors are
// stored in float16, singular values in float32.
import type { Codec, Stored } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { decodeNumbers, encodeNumbers } from '../numbers.ts';
import { additive, type Matrix, type MatrixShape, needsMatrix } from './additive.ts';
import { isCount } from './is-count.ts';
import { partOf, readPart } from './part-bytes.ts';
import { productRows } from './product.ts';
import { singularValues } from './singular-values.ts';

export interface LowRankOptions {
  /** r, of a matrix that is smaller its smaller dimension. */
  readonly rank: number;
}

export const LOW_RANK = 'low-rank';

/**
 * The `rank` largest singular values of each change and their vectors.
 *
 * @example
 * await diff('models/base', 'out/tuned', 'out/delta', { codec: lowRank({ rank: 16 }) });
 */
export function lowRank({ rank: most }: LowRankOptions = { rank: 16 }): Codec {
  if (!isCount(most)) throw new DeltaError(`rank is ${most}; give a whole number above 0`);
  return additive({
    id: LOW_RANK,
    check: needsMatrix,
    async encode(change, pause) {
      return singularValues(change, most, pause, async ({ rank, values, u, v }) => {
        return {
          meta: { rank },
          parts: {
            u: partOf('F16', [change.rows, rank], await encodeTurned(u)),
            s: partOf('F32', [rank], Float32Array.from(values)),
            v: partOf('F16', [rank, change.columns], encodeNumbers(await v.read(0, rank), 'F16')),
          },
        };
      });
    },
    async open(stored, shape, room) {
      const { rank, u, s, v } = await readFactors(stored, shape);
      const scaled = (begin: number, end: number) => {
        const rows = u(begin, end);
        for (let at = 0; at < rows.length; at += rank) for (let r = 0; r < rank; r++) rows[at + r]! *= s[r] as number;
        return rows;
      };
      return productRows({ rank, u: scaled, v }, shape.columns, room);
    },
  });
}

/** The codes of a matrix [r, o] as [o, r], a few of whose rows are in float32 at a time. */
async function encodeTurned({ rows, columns, read }: Matrix): Promise<Uint16Array> {
  const out = new Uint16Array(rows * columns);
  const codes = new Uint16Array(columns);
  for (let row = 0; row < rows; row++) {
    encodeNumbers(await read(row, row + 1), 'F16', codes);
    for (let column = 0, at = row; column < columns; column++, at += rows) out[at] = codes[column] as number;
  }
  return out;
}

interface StoredFactors {
  readonly rank: number;
  /** Rows of [o, r], in memory of their own. */
  readonly u: (begin: number, end: number) => Float32Array;
  readonly s: Float32Array;
  /** [r, i] */
  readonly v: Float32Array;
}

/** What is stored, checked. */
export async function readFactors(stored: Stored, { rows, columns }: MatrixShape): Promise<StoredFactors> {
  const { rank } = stored.meta;
  if (!isCount(rank) || rank > Math.min(rows, columns))
    throw new DeltaError(`rank is ${JSON.stringify(rank)}; expected a whole number up to ${Math.min(rows, columns)}`);
  const s = decodeNumbers(await readPart(stored, 's', 'F32', [rank]), 'F32');
  const codes = await readPart(stored, 'u', 'F16', [rows, rank]);
  const u = (begin: number, end: number) => decodeNumbers(codes.subarray(2 * begin * rank, 2 * end * rank), 'F16');
  const v = decodeNumbers(await readPart(stored, 'v', 'F16', [rank, columns]), 'F16');
  return { rank, u, s, v };
}
