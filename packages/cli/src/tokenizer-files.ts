// The files of a model's folder that belong to its tokenizer, to be copied beside a model made from it.
import type { Folder } from '@peftjs/checkpoint';

/** Their names, as far as a folder has them. */
export const TOKENIZER_FILES: readonly string[] = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'chat_template.jinja',
  'generation_config.json',
];

export async function tokenizerFiles(folder: Folder): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of TOKENIZER_FILES) {
    const file = await folder.open(name);
    if (file !== null) files.set(name, await file.read(0, file.size));
  }
  return files;
}
