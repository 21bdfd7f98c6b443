// A model's folder in Hugging Face's layout, written from what the host holds now: merged adapters are in it.

import { diskFolder, type FileContent, type WritableFolder } from '@peftjs/checkpoint';
import { countParameters, type LinearSite } from '@peftjs/core';
import { type LazyTensor, safetensorsChunks } from '@peftjs/safetensors';
import type { Model } from './model.ts';
import { numbersOf } from './sites/stored-tensors.ts';

export interface SaveModelOptions {
  /** How numbers are stored; F32 when left out. */
  readonly dtype?: 'F32' | 'F16' | 'BF16';
  /** Other files for the folder: the tokenizer's. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes `config.json` and `model.safetensors`, all or nothing. Where a merge has made a tied output differ from the
 * embedding, the configuration unties them.
 *
 * @param target a path, or a folder that can be written
 * @returns the numbers written
 * @throws where a number is none, or too large for `dtype`; what was there stays
 */
export async function saveModel(
  model: Model,
  target: string | WritableFolder,
  options: SaveModelOptions = {},
): Promise<number> {
  const { dtype = 'F32', files = new Map<string, Uint8Array>() } = options;
  const folder = typeof target === 'string' ? diskFolder(target) : target;
  const tensors = model.stored().map((one): LazyTensor => {
    const { name, shape } = one;
    return { name, dtype, shape, data: async () => checked(await numbersOf(one), name, dtype) };
  });
  const names = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;
  const { torch_dtype: _, ...rest } = model.config;
  const config = { ...rest, ...tying(model), dtype: names[dtype] };
  await folder.replace(
    new Map<string, FileContent>([
      ...files,
      ['config.json', new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)],
      ['model.safetensors', safetensorsChunks(tensors, { format: 'pt' })],
    ]),
  );
  return countParameters(model);
}

/** Beyond this, rounding gives infinity. */
const LARGEST = { F32: Number.POSITIVE_INFINITY, F16: 65520, BF16: (2 - 2 ** -8) * 2 ** 127 } as const;

function checked(values: Float32Array, name: string, dtype: keyof typeof LARGEST): Float32Array {
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
