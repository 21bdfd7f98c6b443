import { openIndex, openSafetensors, type TensorFile } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';
import type { Folder } from './folder.ts';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Opens a model's weights: the folder's own, or in the hub's layout one file, or shards and their index. Only headers are read. */
export async function openWeights(folder: Folder): Promise<TensorFile> {
  if (folder.weights) return folder.weights;
  const single = await folder.open(SINGLE);
  if (single) return openSafetensors(single);
  const index = await folder.open(INDEX);
  if (index) return openIndex(index, (name) => folder.open(name));
  const pickled = (await folder.list()).find((name) => /\.(bin|pt|pth)$/.test(name));
  const hint = pickled === undefined ? '' : `; ${JSON.stringify(pickled)} is a pickle, which is not read`;
  throw new CheckpointError(`${folder.location} has neither ${SINGLE} nor ${INDEX}${hint}`);
}
