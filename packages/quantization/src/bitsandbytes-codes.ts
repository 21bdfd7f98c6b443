// Matrices in codes as bitsandbytes has them in files: NF4 and FP4 in blocks with a scale each, int8 with the largest size of each
// row. Reading them is `bitsandbytes`.
import { NESTED_BLOCK, type PackedMatrix } from '@peftjs/backend';
import type { FileCodes, FileTensor, Json } from '@peftjs/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** How numbers of four bits are held. */
export interface BlockCodes {
  readonly kind: 'nf4' | 'fp4';
  /** Numbers that share a scale. */
  readonly block: number;
  /** Whether scales are coded themselves. */
  readonly nested: boolean;
}

/** Blocks run on over a matrix, so that only whole ones in each row are the same here. */
export function blockCodes({ kind, block, nested }: BlockCodes) {
  return async ({ outDim, inDim, tensors }: PackedMatrix): Promise<FileCodes | null> => {
    if (inDim % block !== 0) return null;
    const count = (outDim * inDim) / block;
    const { codes, levels, scales, blocks, map } = tensors as Readonly<Record<string, Tensor>>;
    const state = { quant_type: kind, blocksize: block, dtype: 'float32', shape: [outDim, inDim] };
    const parts: Record<string, FileTensor> = {
      weight: bytes([(outDim * inDim) / 2, 1], codes),
      'weight.quant_map': floats(levels),
      'weight.absmax': nested ? bytes([count], scales) : { ...floats(scales), shape: [count] },
    };
    let said: object = state;
    if (nested) {
      const [offset, ...sizes] = (await (blocks as Tensor).data()) as Float32Array;
      said = { ...state, nested_blocksize: NESTED_BLOCK, nested_dtype: 'float32', nested_offset: offset };
      parts['weight.nested_absmax'] = {
        dtype: 'F32',
        shape: [sizes.length],
        data: async () => Float32Array.from(sizes),
      };
      parts['weight.nested_quant_map'] = floats(map);
    }
    const text = new TextEncoder().encode(asPython(said));
    parts[`weight.quant_state.bitsandbytes__${kind}`] = { dtype: 'U8', shape: [text.length], data: async () => text };
    const config = {
      load_in_4bit: true,
      bnb_4bit_quant_type: kind,
      bnb_4bit_use_double_quant: nested,
      bnb_4bit_compute_dtype: 'float32',
      bnb_4bit_quant_storage: 'uint8',
    };
    return { tensors: parts, config: configured(config) };
  };
}

/** code * size / 127: a row's largest size lies beside the weight, in `SCB`. */
export async function rowCodes({ outDim, inDim, tensors }: PackedMatrix): Promise<FileCodes> {
  const { codes, scales } = tensors as Readonly<Record<string, Tensor>>;
  const data = async () => {
    const padded = await bytesOf(codes);
    const width = padded.length / outDim;
    if (width === inDim) return padded;
    const out = new Uint8Array(outDim * inDim);
    for (let o = 0; o < outDim; o++) out.set(padded.subarray(o * width, o * width + inDim), o * inDim);
    return out;
  };
  const sizes = async () => ((await (scales as Tensor).data()) as Float32Array).map(sizeOf);
  const parts: Record<string, FileTensor> = {
    weight: { dtype: 'I8', shape: [outDim, inDim], data },
    SCB: { dtype: 'F32', shape: [outDim], data: sizes },
    weight_format: { dtype: 'U8', shape: [], data: async () => Uint8Array.of(0) },
  };
  return { tensors: parts, config: configured({ load_in_8bit: true }) };
}

/** What a row's scale is of its largest size. */
export const ROW_SHARE: number = Math.fround(1 / 127);

/** A size that has this scale to the last bit. */
function sizeOf(scale: number): number {
  const near = Float32Array.of(scale * 127);
  const bits = new Int32Array(near.buffer);
  const [first] = bits as unknown as [number];
  for (const step of [0, 1, -1, 2, -2]) {
    bits[0] = first + step;
    if (Math.fround((near[0] as number) * ROW_SHARE) === scale) return near[0] as number;
  }
  return scale * 127;
}

function configured(own: Readonly<Record<string, Json>>): FileCodes['config'] {
  return (others) => ({ quant_method: 'bitsandbytes', ...own, llm_int8_skip_modules: others });
}

/** The first bytes of words. */
function bytes(shape: readonly [number, ...number[]], words: Tensor | undefined): FileTensor {
  return { dtype: 'U8', shape, data: async () => (await bytesOf(words)).subarray(0, shape[0]) };
}

function floats(values: Tensor | undefined): FileTensor {
  const { shape } = values as Tensor;
  return { dtype: 'F32', shape, data: async () => (await (values as Tensor).data()) as Float32Array };
}

/** The bytes of words. */
async function bytesOf(words: Tensor | undefined): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = (await (words as Tensor).data()) as Int32Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** JSON with the spaces that Python puts into it. No text in it holds a comma or a colon. */
function asPython(value: object): string {
  return JSON.stringify(value).replaceAll(',', ', ').replaceAll(':', ': ');
}
