// The files of a model's folder that belong to its tokenizer, to be copied beside a model made from it.
import { encodeProvenance, type Folder, PROVENANCE_FILE } from '@peftjs/checkpoint';
import { openModelFolder } from '@peftjs/models';

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

async function tokenizerFiles(folder: Folder): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of TOKENIZER_FILES) {
    const file = await folder.open(name);
    if (file !== null) files.set(name, await file.read(0, file.size));
  }
  return files;
}

/** What lies beside the weights of a model made from `base`: the tokenizer, and a record that says nothing yet. */
export async function filesBeside(base: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const nothing = encodeProvenance({ kind: 'model', provenance: null, files: new Map() });
  return new Map([...(await tokenizerFiles(await openModelFolder(base))), [PROVENANCE_FILE, nothing]]);
}
