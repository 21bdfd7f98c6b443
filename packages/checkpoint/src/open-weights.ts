import { openIndex, openSafetensors, type SafetensorsFile, type TensorFile } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';
import type { Folder } from './folder.ts';
import { whatElse } from './what-else.ts';

/** A model's weights where they are in one file. */
export const MODEL_FILE = 'model.safetensors';
const INDEX = `${MODEL_FILE}.index.json`;
const PICKLE = /\.(bin|pt|pth)$/;

/** Opens a model's weights: the folder's own, or those in the hub's layout. Only headers are read. */
export async function openWeights(folder: Folder): Promise<TensorFile> {
  return folder.weights ?? openSafetensorsWeights(folder);
}

/** Opens a model's weights in the hub's layout: one file, or shards and their index. */
export async function openSafetensorsWeights(folder: Folder): Promise<SafetensorsFile> {
  const single = await folder.open(MODEL_FILE);
  if (single) return openSafetensors(single);
  const index = await folder.open(INDEX);
  if (index) return openIndex(index, (name) => folder.open(name));
  const names = await folder.list();
  const gguf = [folder.location, ...names].find((name) => name.endsWith('.gguf'));
  if (gguf !== undefined)
    throw new CheckpointError(
      `${gguf} is GGUF, and safetensors are needed here; make a folder of it with peftjs convert, or loadModel and saveModel`,
    );
  const pickled = names.find((name) => PICKLE.test(name));
  const hint = pickled === undefined ? whatElse(names) : `; ${JSON.stringify(pickled)} is a pickle, which is not read`;
  throw new CheckpointError(`${folder.location} has neither ${MODEL_FILE} nor ${INDEX}${hint}`);
}

/** Whether a file of a model's folder holds weights, or says where they are, rather than something beside them. */
export function isWeightsFile(name: string): boolean {
  return name === INDEX || name.endsWith('.safetensors') || PICKLE.test(name);
}
