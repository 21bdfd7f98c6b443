// Files as the folder that loaders read: those that the site brings along, and those that were picked or dropped.
import type { Folder } from '@peftjs/checkpoint';
import { blobSource } from '@peftjs/safetensors';
import config from '../../../models/sotu-3m/config.json?url';
import weights from '../../../models/sotu-3m/model.safetensors?url';
import tokenizer from '../../../models/sotu-3m/tokenizer.json?url';
import tokenizerConfig from '../../../models/sotu-3m/tokenizer_config.json?url';

const BUILT_IN: Readonly<Record<string, string>> = {
  'config.json': config,
  'model.safetensors': weights,
  'tokenizer.json': tokenizer,
  'tokenizer_config.json': tokenizerConfig,
};

/** A folder whose files `read` gives. */
function folderOf(location: string, names: readonly string[], read: (name: string) => Promise<Blob>): Folder {
  return {
    location,
    list: async () => names,
    open: async (name) => (names.includes(name) ? blobSource(`${location}/${name}`, await read(name)) : null),
  };
}

/** The model of `models/sotu-3m`. */
export const builtInModel: Folder = folderOf('models/sotu-3m', Object.keys(BUILT_IN), async (name) => {
  const response = await fetch(BUILT_IN[name] as string);
  if (!response.ok)
    throw new Error(`${name} of the built-in model cannot be fetched (${response.status}); reload the page`);
  return response.blob();
});

/** @param files of one folder, whatever stands before their names */
export function pickedFolder(location: string, files: readonly File[]): Folder {
  const byName = new Map(files.map((file) => [file.name, file]));
  return folderOf(location, [...byName.keys()], async (name) => byName.get(name) as File);
}
