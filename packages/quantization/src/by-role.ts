// Several storages in one model, chosen by what a matrix is in it.
import { dense, type FileMatrix, type Storage, storeMatrix } from '@peftjs/core';

/**
 * @param storages by the words that the roles of sites have in them: `embed`, `head`, `attn.q`, `mlp.down`
 * @param others for every other matrix; float32 when left out
 * @example
 * const model = await loadModel('folder', { weights: byRole({ embed: bf16(), head: bf16() }, nf4()) });
 */
export function byRole(storages: Readonly<Record<string, Storage>>, others: Storage = dense): Storage {
  const known = new Map(Object.entries(storages));
  const storageOf = ({ role = '' }: FileMatrix): Storage => {
    const word = role.split(' ').find((one) => known.has(one));
    return word === undefined ? others : (known.get(word) as Storage);
  };
  return Object.assign((values: Float32Array, outDim: number, inDim: number) => others(values, outDim, inDim), {
    load: (matrix: FileMatrix) => storeMatrix(storageOf(matrix), matrix),
  });
}
