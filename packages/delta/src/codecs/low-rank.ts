// Low rank: change [o, i] ~ u diag(s) v with u [o, r] and v [r, i], the best of its rank (Eckart and Young). Vectors are
// stored in float16, singular values in float32.
import type { Codec, Stored } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { decodeNumbers, encodeNumbers } from '../numbers.ts';
import { additive, type MatrixShape, needsMatrix } from './additive.ts';
import { isCount } from './is-count.ts';
import { partOf, readPart } from './part-bytes.ts';
import { productRows, turned } from './product.ts';
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
        const left = turned(await u.read(0, rank), rank, change.rows);
        return {
          meta: { rank },
          parts: {
            u: partOf('F16', [change.rows, rank], encodeNumbers(left, 'F16')),
            s: partOf('F32', [rank], Float32Array.from(values)),
            v: partOf('F16', [rank, change.columns], encodeNumbers(await v.read(0, rank), 'F16')),
          },
        };
      });
    },
    async open(stored, shape) {
      const { rank, u, s, v } = await readFactors(stored, shape);
      const left = (begin: number, end: number) =>
        u.subarray(begin * rank, end * rank).map((value, at) => value * (s[at % rank] as number));
      return productRows({ rank, u: left, v }, shape.columns);
    },
  });
}

interface StoredFactors {
  readonly rank: number;
  /** [o, r] */
  readonly u: Float32Array;
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
  const u = decodeNumbers(await readPart(stored, 'u', 'F16', [rows, rank]), 'F16');
  const v = decodeNumbers(await readPart(stored, 'v', 'F16', [rank, columns]), 'F16');
  return { rank, u, s, v };
}
