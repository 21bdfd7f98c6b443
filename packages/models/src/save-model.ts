// A model's folder in Hugging Face's layout, written from what the host holds now: merged adapters are in it.
import { diskFolder, type FileContent, type WritableFolder } from '@peftjs/checkpoint';
import { countParameters, type Weight } from '@peftjs/core';
import { type LazyTensor, safetensorsChunks } from '@peftjs/safetensors';
import type { Variable } from '@tensorflow/tfjs-core';
import type { CausalLM } from './causal-lm.ts';

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
  model: CausalLM,
  target: string | WritableFolder,
  options: SaveModelOptions = {},
): Promise<number> {
  const { dtype = 'F32', files = new Map<string, Uint8Array>() } = options;
  const folder = typeof target === 'string' ? diskFolder(target) : target;
  const tensors = new Map<object, LazyTensor>();
  const enter = (held: Weight | Variable | null, name: string, shape: readonly number[]) => {
    if (held !== null && !tensors.has(held))
      tensors.set(held, { name, dtype, shape, data: async () => checked(await numbersOf(held), name, dtype) });
  };
  let tied = false;
  for (const site of model.sites()) {
    if (site.kind === 'linear' || site.kind === 'embedding') {
      const { weight } = site;
      if (site.role === 'head') tied = tensors.has(weight);
      enter(weight, `${site.path}.weight`, [weight.outDim, weight.inDim]);
      if (site.kind === 'linear') enter(site.bias, `${site.path}.bias`, [site.outDim]);
    }
    if (site.kind === 'norm') {
      enter(site.gamma, `${site.path}.weight`, [site.dim]);
      enter(site.beta, `${site.path}.bias`, [site.dim]);
    }
  }
  const names = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;
  const { torch_dtype: _, ...rest } = model.config;
  const config = { ...rest, tie_word_embeddings: tied, dtype: names[dtype] };
  await folder.replace(
    new Map<string, FileContent>([
      ...files,
      ['config.json', new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)],
      ['model.safetensors', safetensorsChunks([...tensors.values()], { format: 'pt' })],
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

async function numbersOf(held: Weight | Variable): Promise<Float32Array> {
  if (!('encode' in held)) return (await held.data()) as Float32Array;
  const dense = held.read();
  const values = (await dense.data()) as Float32Array;
  dense.dispose();
  return values;
}
