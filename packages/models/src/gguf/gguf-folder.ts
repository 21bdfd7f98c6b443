// A GGUF file as a model's folder: `config.json` and the tokenizer's files made from its metadata, the weights its own.
import type { Folder } from '@peftjs/checkpoint';
import { nearest } from '@peftjs/core';
import { openGguf } from '@peftjs/gguf';
import { type ByteSource, memorySource } from '@peftjs/safetensors';
import type { GgufLayout } from './gguf-layout.ts';
import { ggufNumber, ggufText } from './gguf-metadata.ts';
import { hubTensors } from './hub-tensors.ts';
import { llamaLayout } from './llama-layout.ts';
import { tokenizerFiles } from './tokenizer-files.ts';

/**
 * Opens a GGUF file, whose header alone is read, for `loadModel`.
 *
 * @param layouts the families that are read
 * @throws naming the key or tensor that is missing, broken or not supported
 * @example
 * const model = await loadModel(await ggufFolder(blobSource('model.gguf', picked)));
 */
export async function ggufFolder(source: ByteSource, layouts: readonly GgufLayout[] = [llamaLayout]): Promise<Folder> {
  const file = await openGguf(source);
  const architecture = ggufText(file, 'general.architecture');
  const layout = layouts.find((one) => one.architecture === architecture);
  if (layout === undefined) {
    const names = layouts.map((one) => one.architecture);
    throw new Error(
      `[peftjs/models] ${file.name}: general.architecture "${architecture}" is not supported${nearest(architecture, names)}; known here: ${names.join(', ')}`,
    );
  }
  const parts = ggufNumber(file, 'split.count', 1);
  if (parts > 1) {
    throw new Error(
      `[peftjs/models] ${file.name} is one of ${parts} parts; join them with llama.cpp's "llama-gguf-split --merge"`,
    );
  }
  const config = await layout.config(file);
  const tokenizer = tokenizerFiles(file);
  const files = new Map<string, unknown>([['config.json', config]]);
  if (tokenizer !== null) {
    files.set('tokenizer.json', tokenizer.tokenizer).set('tokenizer_config.json', tokenizer.config);
  }
  return {
    location: file.name,
    list: async () => [...files.keys()],
    async open(name) {
      if (!files.has(name)) return null;
      return memorySource(`${file.name}/${name}`, new TextEncoder().encode(JSON.stringify(files.get(name))));
    },
    weights: hubTensors(file, layout, config),
  };
}

/** A folder itself, or if it holds a GGUF file and no safetensors, the model in that file. */
export async function modelFolder(folder: Folder): Promise<Folder> {
  const names = await folder.list();
  const found = names.filter((name) => name.endsWith('.gguf')).sort();
  const [first] = found;
  if (first === undefined || names.some((name) => name.endsWith('.safetensors'))) return folder;
  if (found.length > 1) {
    throw new Error(
      `[peftjs/models] ${folder.location} holds ${found.length} GGUF files, ${found.join(', ')}; name one, as in ${folder.location}/${first}`,
    );
  }
  return openGgufIn(folder, first);
}

/** @throws where the folder has no such file */
export async function openGgufIn(folder: Folder, name: string): Promise<Folder> {
  const source = await folder.open(name);
  if (source !== null) return ggufFolder(source);
  throw new Error(`[peftjs/models] ${folder.location} has no ${name}${nearest(name, await folder.list())}`);
}
