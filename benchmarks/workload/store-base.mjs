// @ts-check
// The base of a workload once more for each type that files have numbers in, its numbers such as all of them can say.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFolder, openWeights } from '@peftjs/checkpoint';
import { decodeBfloat16, encodeBfloat16, writeSafetensors } from '@peftjs/safetensors';

/** bfloat16 has 8 bits of precision, and below this binary16 has fewer. */
const LEAST = 2 ** -17;

/** Writes `base-F32`, `base-F16` and `base-BF16` beside `base`. @param {string} folder */
export async function storeBase(folder) {
  const file = await openWeights(diskFolder(join(folder, 'base')));
  const tensors = [];
  for (const [name, { shape }] of file.tensors)
    tensors.push({ name, shape, data: rounded(await file.readFloat32(name)) });
  for (const dtype of /** @type {const} */ (['F32', 'F16', 'BF16'])) {
    const path = join(folder, `base-${dtype}`);
    await mkdir(path);
    await copyFile(join(folder, 'base/config.json'), join(path, 'config.json'));
    const bytes = writeSafetensors(tensors.map((tensor) => ({ ...tensor, dtype })));
    await writeFile(join(path, 'model.safetensors'), bytes);
  }
}

/** @param {Float32Array} values */
function rounded(values) {
  const codes = new Uint16Array(values.length);
  encodeBfloat16(values, codes);
  decodeBfloat16(codes, values);
  return values.map((value) => (Math.abs(value) < LEAST ? 0 : value));
}
