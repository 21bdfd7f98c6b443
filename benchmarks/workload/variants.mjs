// @ts-check
// The base of a workload in float16, two variants of it, of which every number is a little another one, and their deltas.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFolder, openWeights } from '@peftjs/checkpoint';
import { diff } from '@peftjs/delta';
import { writeSafetensors } from '@peftjs/safetensors';

export const VARIANTS = /** @type {const} */ (['one', 'other']);

/** Writes `plain`, the variants, and their deltas as `NAME-delta`, beside `base`. @param {string} folder */
export async function saveVariants(folder) {
  const file = await openWeights(diskFolder(join(folder, 'base')));
  for (const [i, name] of ['plain', ...VARIANTS].entries()) {
    const tensors = [];
    for (const [tensor, { shape }] of file.tensors) {
      const data = await file.readFloat32(tensor);
      tensors.push({ name: tensor, dtype: /** @type {const} */ ('F16'), shape, data: moved(data, i) });
    }
    const path = join(folder, name);
    await mkdir(path);
    await copyFile(join(folder, 'base/config.json'), join(path, 'config.json'));
    await writeFile(join(path, 'model.safetensors'), writeSafetensors(tensors));
    if (i > 0) await diff(join(folder, 'plain'), path, join(folder, `${name}-delta`));
  }
}

/** By up to three hundredths, another share for each number and seed. @param {Float32Array} values @param {number} seed */
function moved(values, seed) {
  return values.map((value, k) => value * (1 + (0.01 * seed * (Math.imul(k + seed, 0x9e3779b1) >> 16)) / 2 ** 15));
}
