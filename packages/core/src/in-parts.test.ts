import { expect, it } from 'vitest';
import { withHost } from '../test/with-host.ts';
import { inParts } from './in-parts.ts';
import type { FileMatrix } from './storage.ts';
import { dense } from './weight.ts';

withHost();
const [outDim, inDim] = [5, 2];
const values = Float32Array.from({ length: outDim * inDim }, (_, k) => k);

/** A file of a matrix, and a storage that writes down which rows it was given. */
async function load(whole: boolean) {
  const matrix: FileMatrix = {
    name: 'w',
    outDim,
    inDim,
    dtype: 'F32',
    whole,
    bytes: async () => new Uint8Array(values.buffer),
    rows: async (first, count) => values.slice(first * inDim, (first + count) * inDim),
  };
  const given: { rows: Float32Array; bytes: Float32Array }[] = [];
  const storage = Object.assign((rows: Float32Array, o: number, i: number) => dense(rows, o, i), {
    async load(part: FileMatrix) {
      const rows = await part.rows(0, part.outDim);
      given.push({ rows, bytes: new Float32Array((await part.bytes()).slice().buffer) });
      return dense(rows, part.outDim, part.inDim);
    },
  });
  const weight = await inParts(storage, 2 * 4 * inDim).load?.(matrix);
  const read = weight?.read();
  expect([...(read?.dataSync() ?? [])]).toEqual([...values]);
  read?.dispose();
  weight?.dispose();
  return given;
}

it('gives each part its rows of the file, and their bytes', async () => {
  const given = await load(false);
  expect(given.map(({ rows }) => [...rows])).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ]);
  expect(given.map(({ bytes }) => bytes)).toEqual(given.map(({ rows }) => rows));
});

it('leaves whole what cannot be told apart by rows', async () => {
  expect((await load(true)).map(({ rows }) => rows)).toEqual([values]);
});
