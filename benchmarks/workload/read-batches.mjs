// @ts-check
// The batches of a workload, as the trainer takes them; every token counts.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @param {string} folder
 * @returns {Promise<import('@peftjs/train').Batches<import('@peftjs/models').TokenBatch>>}
 */
export async function readBatches(folder) {
  const { shape, ids } = JSON.parse(await readFile(join(folder, 'batches.json'), 'utf8'));
  const batches = ids.map((/** @type {number[]} */ row) => ({
    inputIds: Int32Array.from(row),
    attentionMask: new Int32Array(row.length).fill(1),
    labels: Int32Array.from(row),
    shape,
  }));
  return { size: batches.length, get: (_epoch, index) => batches[index] };
}
