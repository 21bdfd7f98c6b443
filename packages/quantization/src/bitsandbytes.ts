// The storage of checkpoints that bitsandbytes wrote: matrices in NF4 or FP4 are held in the codes that the file has, others as
// another storage holds them.
import type { PackedArrays } from '@peftjs/backend';
import { dense, type FileMatrix, type Storage, type Weight } from '@peftjs/core';
import { fp4Packing, nf4Packing } from './four-bit.ts';
import type { GroupedPacking } from './grouped-packing.ts';
import { holdPacked } from './packed-storage.ts';

const PACKINGS = { nf4: nf4Packing, fp4: fp4Packing } as const;
type Kind = keyof typeof PACKINGS;

/** What the file says of a matrix. */
interface QuantState {
  readonly kind: Kind;
  readonly blocksize: number;
  readonly shape: readonly number[];
  readonly nested_blocksize?: number;
  readonly nested_offset?: number;
}

/**
 * @param others for matrices that the checkpoint has as numbers, as it has embeddings and the output: float32 when left out
 * @example
 * const model = await loadModel('folder', { weights: bitsandbytes() });
 */
export function bitsandbytes(others: Storage = dense): Storage {
  const load = async (matrix: FileMatrix): Promise<Weight> => {
    const { outDim, inDim } = matrix;
    const state = matrix.dtype === 'U8' ? await stateOf(matrix) : null;
    if (state !== null) return holdCodes(matrix, state);
    return others.load?.(matrix) ?? others(await matrix.rows(0, outDim), outDim, inDim);
  };
  return Object.assign((values: Float32Array, outDim: number, inDim: number) => others(values, outDim, inDim), {
    load,
  });
}

async function stateOf(matrix: FileMatrix): Promise<QuantState | null> {
  for (const kind of ['nf4', 'fp4'] as const) {
    const bytes = await matrix.companion?.(`.quant_state.bitsandbytes__${kind}`);
    if (bytes) return { ...(JSON.parse(new TextDecoder().decode(bytes)) as Omit<QuantState, 'kind'>), kind };
  }
  return null;
}

async function holdCodes(matrix: FileMatrix, state: QuantState): Promise<Weight> {
  const { outDim, inDim } = matrix;
  const { kind, blocksize } = state;
  if (state.shape.join() !== `${outDim},${inDim}`) {
    throw wrong(matrix, `is of a matrix [${state.shape}], and config.json asks for [${outDim}, ${inDim}]`);
  }
  if (inDim % blocksize !== 0) {
    throw wrong(
      matrix,
      `has blocks of ${blocksize} that run on from one row of ${inDim} to the next; only whole ones are read`,
    );
  }
  const nested = state.nested_blocksize !== undefined;
  if (nested && state.nested_blocksize !== 256) {
    throw wrong(matrix, `has scales in blocks of ${state.nested_blocksize}; only 256 are read`);
  }
  const packing = PACKINGS[kind]({ block: blocksize, doubleQuantization: nested });
  return holdPacked(packing, outDim, inDim, await arraysOf(matrix, packing, state));
}

async function arraysOf(matrix: FileMatrix, packing: GroupedPacking, state: QuantState): Promise<PackedArrays> {
  const { outDim, inDim } = matrix;
  const count = (outDim * inDim) / state.blocksize;
  const part = async (suffix: string, bytes: number): Promise<Uint8Array> => {
    const found = await matrix.companion?.(suffix);
    if (found?.byteLength === bytes) return found;
    throw wrong(matrix, `needs ${bytes} bytes in "${suffix}", found ${found?.byteLength ?? 'none'}`);
  };
  const codes = await matrix.bytes();
  if (2 * codes.byteLength !== outDim * inDim) {
    throw wrong(matrix, `needs ${(outDim * inDim) / 2} bytes of codes, found ${codes.byteLength}`);
  }
  const levels = floats(await part('.quant_map', 64));
  if (levels.some((level, code) => level !== packing.form.levels?.[code])) {
    throw wrong(matrix, `has another table than ${state.kind}'s; quantize it again`);
  }
  const own = { codes: new Int32Array(codes.slice().buffer), levels };
  if (packing.form.map === null) return { ...own, scales: floats(await part('.absmax', 4 * count)) };
  const blocks = Math.ceil(count / 256);
  const scales = new Uint8Array(256 * blocks);
  scales.set(await part('.absmax', count));
  return {
    ...own,
    scales: new Int32Array(scales.buffer),
    map: floats(await part('.nested_quant_map', 1024)),
    blocks: Float32Array.of(state.nested_offset ?? 0, ...floats(await part('.nested_absmax', 4 * blocks))),
  };
}

/** As a copy, since the bytes may begin anywhere. */
function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

function wrong({ name }: FileMatrix, what: string): Error {
  return new Error(`[peftjs/quantization] "${name}" of bitsandbytes ${what}`);
}
