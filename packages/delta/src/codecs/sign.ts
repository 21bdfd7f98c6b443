// BitDelta (Liu et al., arXiv 2402.10193): change [o, i] ~ scale * sign(change), one scale for the matrix or for each row.
// The scale that misses least is the mean of |change|; one that was trained can stand in its place. Scales are stored in bfloat16.
import type { Codec } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { decodeNumbers, encodeNumbers } from '../numbers.ts';
import { additive, type Matrix, needsMatrix, rowBlocks } from './additive.ts';
import { partOf, partReader, readPart } from './part-bytes.ts';

export interface SignOptions {
  /** A scale for each row in place of one for the matrix. */
  readonly perRow?: boolean;
  /** Scales to be stored in place of the mean of |change|: one, or one for each row. */
  readonly scales?: Float32Array | undefined;
}

/**
 * One bit for each number, and a scale.
 *
 * @example
 * await diff('models/base', 'out/tuned', 'out/delta', { codec: sign() });
 */
export function sign({ perRow = false, scales: given }: SignOptions = {}): Codec {
  return additive({
    id: 'sign',
    check: needsMatrix,
    size: ({ rows, columns }) => rows * Math.ceil(columns / 8) + 2 * (given?.length ?? (perRow ? rows : 1)),
    async encode(change, pause) {
      const { rows, columns } = change;
      if (given && given.length !== 1 && given.length !== rows)
        throw new DeltaError(`${given.length} scales were given for ${rows} rows; give one, or one for each row`);
      const stride = Math.ceil(columns / 8);
      const bits = new Uint8Array(rows * stride);
      const sums = new Float64Array(rows);
      for (const [begin, end] of rowBlocks(change)) {
        await pause();
        const values = await change.read(begin, end);
        for (let row = begin, at = 0; row < end; row++) {
          let sum = 0;
          for (let column = 0; column < columns; column++, at++) {
            const value = values[at] as number;
            sum += Math.abs(value);
            if (value < 0) bits[row * stride + (column >> 3)]! |= 1 << (column & 7);
          }
          sums[row] = sum;
        }
      }
      const scales = given ?? meanSizes(sums, change, perRow);
      return {
        meta: {},
        parts: {
          signs: partOf('U8', [rows, stride], bits),
          scales: partOf('BF16', [scales.length], encodeNumbers(scales, 'BF16')),
        },
      };
    },
    async open(stored, { rows, columns }) {
      const stride = Math.ceil(columns / 8);
      const signs = partReader(stored, 'signs', 'U8', [rows, stride]);
      const count = stored.part('scales').bytes === 2 ? 1 : rows;
      const scales = decodeNumbers(await readPart(stored, 'scales', 'BF16', [count]), 'BF16');
      return async (begin, end) => {
        const bits = await signs(begin * stride, end * stride);
        const values = new Float32Array((end - begin) * columns);
        for (let row = begin, at = 0; row < end; row++) {
          const scale = scales[count === 1 ? 0 : row] as number;
          const first = (row - begin) * stride;
          for (let column = 0; column < columns; column++)
            values[at++] = ((bits[first + (column >> 3)] as number) >> (column & 7)) & 1 ? -scale : scale;
        }
        return values;
      };
    },
  });
}

function meanSizes(sums: Float64Array, { rows, columns }: Matrix, perRow: boolean): Float32Array {
  if (perRow) return Float32Array.from(sums, (sum) => sum / columns);
  return Float32Array.of(sums.reduce((a, b) => a + b, 0) / (rows * columns));
}
