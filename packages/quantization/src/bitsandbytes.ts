// The storage of checkpoints that bitsandbytes wrote: matrices in NF4, FP4 or int8 are held in the codes that the file has, others
// as another storage holds them.
import { emptyArrays, type PackedArrays } from '@peftjs/backend';
import { dense, type FileMatrix, holding, type Storage, storeMatrix, type Weight } from '@peftjs/core';
import { ROW_SHARE } from './bitsandbytes-codes.ts';
import { fp4Packing, nf4Packing } from './four-bit.ts';
import type { GroupedPacking } from './grouped-packing.ts';
import { int8Packing } from './integers.ts';
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
    const state = matrix.dtype === 'U8' ? await stateOf(matrix) : null;
    if (state !== null) return holdBlocks(matrix, state);
    const sizes = matrix.dtype === 'I8' ? await matrix.companion?.('SCB') : null;
    return sizes ? holdRows(matrix, sizes) : storeMatrix(others, matrix);
  };
  return Object.assign((values: Float32Array, outDim: number, inDim: number) => others(values, outDim, inDim), {
    load,
  });
}

async function stateOf(matrix: FileMatrix): Promise<QuantState | null> {
  for (const kind of ['nf4', 'fp4'] as const) {
    const bytes = await matrix.companion?.(`weight.quant_state.bitsandbytes__${kind}`);
    if (bytes) return { ...parse(bytes, matrix), kind };
  }
  return null;
}

function parse(bytes: Uint8Array, matrix: FileMatrix): Omit<QuantState, 'kind'> {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Omit<QuantState, 'kind'>;
  } catch (cause) {
    throw wrong(matrix, `has a state that is no JSON: ${(cause as Error).message}`);
  }
}

async function holdBlocks(matrix: FileMatrix, state: QuantState): Promise<Weight> {
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
  const arrays = await arraysOf(matrix, packing, state);
  return holding(matrix.name, () => holdPacked(packing, outDim, inDim, arrays));
}

async function arraysOf(matrix: FileMatrix, packing: GroupedPacking, state: QuantState): Promise<PackedArrays> {
  const { outDim, inDim } = matrix;
  const count = (outDim * inDim) / state.blocksize;
  const part = async (name: string, bytes: number): Promise<Uint8Array> => {
    const found = await matrix.companion?.(`weight.${name}`);
    if (found?.byteLength === bytes) return found;
    throw wrong(matrix, `needs ${bytes} bytes in "weight.${name}", found ${found?.byteLength ?? 'none'}`);
  };
  const codes = await matrix.bytes();
  if (2 * codes.byteLength !== outDim * inDim) {
    throw wrong(matrix, `needs ${(outDim * inDim) / 2} bytes of codes, found ${codes.byteLength}`);
  }
  const levels = floats(await part('quant_map', 64));
  if (levels.some((level, code) => level !== packing.form.levels?.[code])) {
    throw wrong(matrix, `has another table than ${state.kind}'s; quantize it again`);
  }
  const own = { codes: new Int32Array(codes.slice().buffer), levels };
  if (packing.form.map === null)
    return { ...own, scales: finite(floats(await part('absmax', 4 * count)), 'weight.absmax', matrix) };
  const blocks = Math.ceil(count / 256);
  const scales = new Uint8Array(256 * blocks);
  scales.set(await part('absmax', count));
  return {
    ...own,
    scales: new Int32Array(scales.buffer),
    map: finite(floats(await part('nested_quant_map', 1024)), 'weight.nested_quant_map', matrix),
    blocks: Float32Array.of(
      ...finite(Float32Array.of(state.nested_offset ?? 0), 'nested_offset', matrix),
      ...finite(floats(await part('nested_absmax', 4 * blocks)), 'weight.nested_absmax', matrix),
    ),
  };
}

/** LLM.int8: the largest size of each row lies beside the codes. */
async function holdRows(matrix: FileMatrix, sizes: Uint8Array): Promise<Weight> {
  const { outDim, inDim } = matrix;
  const codes = await matrix.bytes();
  if (codes.byteLength !== outDim * inDim || sizes.byteLength !== 4 * outDim) {
    const found = `${codes.byteLength} of codes and ${sizes.byteLength} of "SCB"`;
    throw wrong(matrix, `needs ${outDim * inDim} bytes of codes and ${4 * outDim} of "SCB", found ${found}`);
  }
  const format = (await matrix.companion?.('weight_format'))?.[0] ?? 0;
  if (format !== 0) throw wrong(matrix, `has its codes in format ${format}; only rows, 0, are read`);
  const packing = int8Packing();
  const arrays = emptyArrays(packing, outDim, inDim);
  const padded = new Uint8Array(arrays.codes.buffer);
  const width = padded.length / outDim;
  for (let o = 0; o < outDim; o++) padded.set(codes.subarray(o * inDim, (o + 1) * inDim), o * width);
  const largest = finite(floats(sizes), 'SCB', matrix);
  (arrays.scales as Float32Array).set(largest.map((size) => size * ROW_SHARE));
  return holding(matrix.name, () => holdPacked(packing, outDim, inDim, arrays));
}

/** As a copy, since the bytes may begin anywhere. */
function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

/** @throws where one of them is no number */
function finite(values: Float32Array, part: string, matrix: FileMatrix): Float32Array {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return values;
  throw wrong(matrix, `holds ${values[bad]} at [${bad}] of "${part}"; repair the file`);
}

function wrong({ name }: FileMatrix, what: string): Error {
  return new Error(`[peftjs/quantization] "${name}" of bitsandbytes ${what}`);
}
