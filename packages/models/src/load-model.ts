// A model from a folder in Hugging Face's layout, on a disk, behind a URL or on the hub.
import { type Folder, fingerprintWeights, openWeights, whatElse } from '@peftjs/checkpoint';
import { type BaseModel, nearest, type Storage } from '@peftjs/core';
import type { TensorPlace } from '@peftjs/safetensors';
import type { Architecture } from './architecture.ts';
import { modelFolder } from './gguf/gguf-folder.ts';
import { gpt2 } from './gpt2/architecture.ts';
import type { CausalLM } from './heads/causal-lm.ts';
import type { HubOptions } from './hub/hub-options.ts';
import { openModelFolder } from './hub/open-model-folder.ts';
import { llama } from './llama/architecture.ts';
import type { Model } from './model.ts';
import { fileSource } from './source/file-source.ts';
import { createTokenizer, type TextTokenizer } from './text-tokenizer.ts';

type Json = Readonly<Record<string, unknown>>;

export interface LoadOptions<M extends Model = CausalLM> extends HubOptions {
  /** How the matrices are stored; float32 when left out. */
  readonly weights?: Storage;
  /** What may be loaded: `[bertClassifier({ labels: 2 })]`. Every causal language model of this package when left out. */
  readonly architectures?: readonly Architecture<M>[];
}

/**
 * Loads a model: `config.json`, `model.safetensors` or shards with their index, and `tokenizer.json` if there is one; or a
 * GGUF file, which has all of these in it.
 *
 * @param model the path or URL of a folder or a GGUF file, a hub id such as `HuggingFaceTB/SmolLM2-135M`, or an opened folder
 * @throws naming the file, key or tensor that is missing, broken or not supported
 * @example
 * const model = await loadModel('HuggingFaceTB/SmolLM2-135M');
 */
export async function loadModel<M extends Model>(
  model: string | Folder,
  options: LoadOptions<M> & { readonly architectures: readonly Architecture<M>[] },
): Promise<M>;
export async function loadModel(model: string | Folder, options?: LoadOptions): Promise<CausalLM>;
export async function loadModel(model: string | Folder, options: LoadOptions<Model> = {}): Promise<Model> {
  const folder = typeof model === 'string' ? await openModelFolder(model, options) : await modelFolder(model);
  const config = await readJson(folder, 'config.json');
  const { architectures = [llama, gpt2], weights, signal } = options;
  const type = String(config.model_type);
  const architecture = architectures.find((a) => a.modelType === type);
  if (architecture === undefined) {
    const known = architectures.map((a) => a.modelType);
    throw new Error(
      `[peftjs/models] ${folder.location}: model_type "${type}" is not supported${nearest(type, known)}; ` +
        `known here: ${known.join(', ')}, and others by the option "architectures"`,
    );
  }
  const file = await openWeights(folder);
  let hash: Promise<string> | undefined;
  const tokenizer = await openTokenizer(folder);
  const source = fileSource(file, weights, signal);
  /** What is known when the model is there: the tensors that it took, and the file's names for its own. */
  const [taken, names] = [new Map<string, TensorPlace>(), new Map<string, string>()];
  const base: BaseModel = {
    name: typeof model === 'string' ? model : folder.location,
    fingerprint: () => (hash ??= fingerprintWeights(file)),
    file: { tensors: taken, read: (name) => file.read(name), nameOf: (name) => names.get(name) ?? name },
  };
  try {
    const loaded = await architecture.load({ config, source, base, tokenizer });
    const untaken = source.untaken();
    for (const [name, place] of file.tensors) if (!untaken.includes(name)) taken.set(name, place);
    for (const { name, held } of loaded.stored()) names.set(name, source.nameOf(held) ?? name);
    const extra = untaken.find((name) => architecture.ignores?.(name, config) !== true);
    if (extra === undefined) return loaded;
    loaded.dispose();
    throw new Error(
      `[peftjs/models] ${file.name} holds "${extra}", which the model of config.json has no place for; is it the configuration of another model?`,
    );
  } catch (error) {
    source.dispose();
    throw error;
  }
}

/** The tokenizer of a folder, or null where it has none. */
export async function openTokenizer(folder: Folder): Promise<TextTokenizer | null> {
  if ((await folder.open('tokenizer.json')) === null) return null;
  const config =
    (await folder.open('tokenizer_config.json')) === null ? {} : await readJson(folder, 'tokenizer_config.json');
  return createTokenizer(await readJson(folder, 'tokenizer.json'), config);
}

async function readJson(folder: Folder, name: string): Promise<Json> {
  const file = await folder.open(name);
  if (file === null) {
    const files = await folder.list();
    throw new Error(`[peftjs/models] ${folder.location} has no ${name}${whatElse(files) || nearest(name, files)}`);
  }
  const text = new TextDecoder().decode(await file.read(0, file.size));
  const value = parse(text, file.name);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new Error(`[peftjs/models] ${file.name} holds ${JSON.stringify(value).slice(0, 40)}; an object is needed`);
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`[peftjs/models] ${name} is no JSON: ${(cause as Error).message}`, { cause });
  }
}
