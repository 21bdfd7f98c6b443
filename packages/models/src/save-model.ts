// A model's folder in Hugging Face's layout, written from what the host holds now: merged adapters are in it.

import { diskFolder, type FileContent, type WritableFolder } from '@peftjs/checkpoint';
import { countParameters, type FileCodes, type Json, type LinearSite, type StoredTensor } from '@peftjs/core';
import { type LazyTensor, safetensorsChunks } from '@peftjs/safetensors';
import type { Model } from './model.ts';
import { codesOf, numbersOf } from './sites/stored-tensors.ts';

export interface SaveModelOptions {
  /** How numbers are stored; F32 when left out. */
  readonly dtype?: 'F32' | 'F16' | 'BF16';
  /** Writes numbers where a linear layer's matrix could be written in the codes that it is held in. */
  readonly decode?: boolean;
  /** Other files for the folder: the tokenizer's. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes `config.json` and `model.safetensors`, all or nothing. A linear layer whose storage has a layout in files, as nf4, fp4 and
 * int8 have that of bitsandbytes, is written in its codes. Where a merge has made a tied output differ from the embedding, the
 * configuration unties them.
 *
 * @param target a path, or a folder that can be written
 * @returns the numbers written
 * @throws where a number is none, or too large for `dtype`, or where matrices are in codes of several kinds; what was there stays
 */
export async function saveModel(
  model: Model,
  target: string | WritableFolder,
  options: SaveModelOptions = {},
): Promise<number> {
  const { dtype = 'F32', decode = false, files = new Map<string, Uint8Array>() } = options;
  const folder = typeof target === 'string' ? diskFolder(target) : target;
  const tensors: LazyTensor[] = [];
  const coded: FileCodes[] = [];
  const others: string[] = [];
  for (const one of model.stored()) {
    const codes = decode ? null : await codesOf(one);
    if (codes === null) {
      tensors.push(numbers(one, dtype));
      others.push(...(one.linear ?? []));
    } else {
      tensors.push(...parts(one, codes));
      coded.push(codes);
    }
  }
  const names = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;
  const { torch_dtype: _, quantization_config: __, ...rest } = model.config;
  const config = { ...rest, ...tying(model), dtype: names[dtype], ...quantization(coded, others) };
  await folder.replace(
    new Map<string, FileContent>([
      ...files,
      ['config.json', new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)],
      ['model.safetensors', safetensorsChunks(tensors, { format: 'pt' })],
    ]),
  );
  return countParameters(model);
}

type Dtype = NonNullable<SaveModelOptions['dtype']>;

function numbers(one: StoredTensor, dtype: Dtype): LazyTensor {
  const { name, shape } = one;
  return { name, dtype, shape, data: async () => checked(await numbersOf(one), name, dtype) };
}

/** The tensors of a module's codes. */
function parts({ name: weight }: StoredTensor, { tensors }: FileCodes): LazyTensor[] {
  return Object.entries(tensors).map(([part, { dtype, shape, data }]) => {
    const name = weight.replace(/[^.]*$/, part);
    const read = async () => {
      const found = await data();
      return found instanceof Float32Array ? checked(found, name, 'F32') : found;
    };
    return { name, dtype, shape, data: read };
  });
}

function quantization(coded: readonly FileCodes[], others: readonly string[]): { readonly quantization_config?: Json } {
  const [config, another] = new Map(
    coded.map((one) => one.config(others)).map((one) => [JSON.stringify(one), one]),
  ).values();
  if (config === undefined) return {};
  if (another === undefined) return { quantization_config: config };
  throw new Error(
    `[peftjs/models] matrices are in codes of more than one kind, ${JSON.stringify(config)} and ${JSON.stringify(another)}, ` +
      'and a folder has one; save numbers with "decode"',
  );
}

/** Beyond this, rounding gives infinity. */
const LARGEST = { F32: Number.POSITIVE_INFINITY, F16: 65520, BF16: (2 - 2 ** -8) * 2 ** 127 } as const;

function checked(values: Float32Array, name: string, dtype: Dtype): Float32Array {
  const wrong = values.find((value) => !(Math.abs(value) < LARGEST[dtype]));
  if (wrong === undefined) return values;
  throw new Error(
    `[peftjs/models] "${name}" holds ${wrong}, which ${dtype} cannot; ${Number.isFinite(wrong) ? 'save as F32' : 'nothing was saved'}`,
  );
}

/** Whether the output is the embedding still, where the model has one. */
function tying(model: Model): { readonly tie_word_embeddings?: boolean } {
  if (model.task !== 'CAUSAL_LM') return {};
  const of = (role: string) => model.sites().find((site) => site.role === role) as LinearSite;
  return { tie_word_embeddings: of('head').weight === of('embed').weight };
}
