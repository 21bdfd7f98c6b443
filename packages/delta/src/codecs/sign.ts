// BitDelta (Liu et al., arXiv 2402.10193): change [o, i] ~ scale * sign(change), one scale for the matrix or for each row.
// The scale that misses least is the mean of |change|; one that was trained can stand in its place. Scales are stored in bfloat16.
import type { Codec } from '../codec.ts';
import { DeltaError } from '../delta-error.ts';
import { decodeNumbers, encodeNumbers, floatsIn } from '../numbers.ts';
import { additive, type Matrix, needsMatrix, rowBlocks } from './additive.ts';
import { codeKernels } from './code-kernels.ts';
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
      const loops = codeKernels();
      for (const [begin, end] of rowBlocks(change)) {
        await pause();
        const values = await change.read(begin, end);
        const [from, to] = loops.areas(4 * values.length, (end - begin) * stride) as [number, number];
        loops.floats(from, values.length).set(values);
        for (let row = 0; row < end - begin; row++)
          sums[begin + row] = loops.signs(from + 4 * row * columns, columns, to + row * stride, 0);
        bits.set(loops.bytes(to, (end - begin) * stride), begin * stride);
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
    async open(stored, { rows, columns }, room) {
      const stride = Math.ceil(columns / 8);
      const signs = partReader(stored, 'signs', 'U8', [rows, stride]);
      const count = stored.part('scales').bytes === 2 ? 1 : rows;
      const scales = decodeNumbers(await readPart(stored, 'scales', 'BF16', [count]), 'BF16');
      const loops = codeKernels();
      return async (begin, end) => {
        const bits = await signs(begin * stride, end * stride);
        const values = floatsIn(room(4 * (end - begin) * columns));
        const [from, to] = loops.areas(bits.length, 4 * values.length) as [number, number];
        loops.write(from, bits);
        for (let row = 0; row < end - begin; row++) {
          const scale = scales[count === 1 ? 0 : begin + row] as number;
          loops.signed(from + row * stride, columns, scale, to + 4 * row * columns);
        }
        values.set(loops.floats(to, values.length));
        return values;
      };
    },
  });
}

function meanSizes(sums: Float64Array, { rows, columns }: Matrix, perRow: boolean): Float32Array {
  if (perRow) return Float32Array.from(sums, (sum) => sum / columns);
  return Float32Array.of(sums.reduce((a, b) => a + b, 0) / (rows * columns));
}
