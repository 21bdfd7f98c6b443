// A storage in groups that loses least of what layers give, as far as it is known what enters them.
import type { Encoder } from '@peftjs/backend';
import type { FileMatrix, Storage } from '@peftjs/core';
import type { GroupedPacking } from './grouped-packing.ts';
import type { Importance } from './importance.ts';
import { packedStorage } from './packed-storage.ts';

export interface FittedOptions {
  /**
   * What `measureImportance` gave: matrices of a file get the scales that lose least of what layers give and, where products were
   * measured, codes whose errors make up for each other. When left out, and in a weight that is stored again, a scale is the one at
   * which a group's largest number fits.
   */
  readonly importance?: Importance;
}

/** @param advice what to do about a number too large for it, for the error */
export function fittedStorage(packing: GroupedPacking, advice: string, { importance }: FittedOptions): Storage {
  return packedStorage(packing, {
    advice,
    ...(importance && { encoderOf: (matrix) => encoderOf(packing, matrix, importance) }),
  });
}

function encoderOf(packing: GroupedPacking, matrix: FileMatrix, importance: Importance): Encoder {
  const own = importanceOf(importance, matrix);
  try {
    return packing.encoder(matrix.outDim, matrix.inDim, own);
  } catch (cause) {
    const what = (cause as Error).message;
    throw new Error(`[peftjs/quantization] the importance given for "${matrix.name}" ${what}; measure it anew`, {
      cause,
    });
  }
}

/**
 * That of a matrix of a file, which may call it without what the model's class puts before the path.
 *
 * @throws where it has none, or one of another width
 */
function importanceOf(importance: Importance, { name, inDim }: FileMatrix): Float32Array {
  const module = name.replace(/\.weight$/, '');
  const path = importance.has(module) ? module : [...importance.keys()].find((one) => one.endsWith(`.${module}`));
  const found = path === undefined ? undefined : importance.get(path);
  if (found?.length === inDim || found?.length === inDim ** 2) return found;
  const columns = found && Number.isInteger(Math.sqrt(found.length)) ? Math.sqrt(found.length) : found?.length;
  const what = found ? `has ${columns} columns for "${name}", which has ${inDim}` : `has nothing of "${name}"`;
  throw new Error(
    `[peftjs/quantization] the importance given ${what}; measure it on this model, and store embeddings and output otherwise, ` +
      'as byRole({ embed: int8(), head: int8() }, nf4({ importance })) does',
  );
}
