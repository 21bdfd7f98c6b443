// What no storage takes, and what every one does, of a model's file.
import { useBackend } from '@peftjs/backend';
import { cpu } from '@peftjs/backend-cpu';
import { attach, merge, type Storage } from '@peftjs/core';
import { lora } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { leakGuard } from '@peftjs/testing/suites';
import { fill } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  batchOf,
  logitsOf,
  type StoredTensor,
  tensorsOf,
  tinyFolder,
  withTensors,
} from '../../models/test/tiny-llama.ts';
import { asStored } from './as-stored.ts';
import { bitsandbytes } from './bitsandbytes.ts';
import { fp4, nf4 } from './four-bit.ts';
import { bf16, f16 } from './half.ts';
import { int4, int8 } from './integers.ts';
import { gridStorage } from './qat/grid-storage.ts';

const NAME = 'model.layers.0.mlp.up_proj.weight';

let files: ReadonlyMap<string, Uint8Array>;
let tensors: readonly StoredTensor[];
beforeAll(async () => {
  await useBackend(cpu());
  files = await tinyFolder();
  tensors = await tensorsOf(files);
});

const changed = (change: (values: Float32Array) => Float32Array) =>
  withTensors(
    files,
    tensors.map((one) => (one.name === NAME ? { ...one, data: change(one.data) } : one)),
  );

/** The rows of the model, of 8 and 12 numbers, fill no group and no block of any. */
const STORAGES: readonly (readonly [string, Storage])[] = [
  ['f16', f16()],
  ['bf16', bf16()],
  ['int8', int8()],
  ['int8 in groups', int8({ group: 32 })],
  ['int4', int4()],
  ['int4, asymmetric', int4({ asymmetric: true })],
  ['nf4', nf4()],
  ['nf4, nested', nf4({ doubleQuantization: true })],
  ['fp4', fp4()],
  ['as stored', asStored()],
  ['bitsandbytes', bitsandbytes()],
  ['a grid', gridStorage({ bits: 4 })],
];

describe.each(STORAGES)('%s', (_, weights) => {
  leakGuard();

  it('keeps a matrix of zeros', async () => {
    const model = await loadModel(
      changed((values) => values.map(() => 0)),
      { weights },
    );
    const site = model.sites().find((one) => `${one.path}.weight` === NAME);
    const read = site?.kind === 'linear' ? site.weight.read() : null;
    expect(new Set(read?.dataSync())).toEqual(new Set([0]));
    expect(logitsOf(model, batchOf([[3, 5, 7]])).every(Number.isFinite)).toBe(true);
    read?.dispose();
    model.dispose();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses %f by name and place',
    async (bad) => {
      const folder = changed((values) => values.map((value, i) => (i === 13 ? bad : value)));
      await expect(loadModel(folder, { weights })).rejects.toThrow(new RegExp(`"${NAME}".*${bad}.*13`));
    },
  );
});

it('a grid whose groups do not divide a matrix is refused by the name of the matrix', async () => {
  const weights = gridStorage({ bits: 4, group: 64 });
  await expect(
    loadModel(
      changed((values) => values),
      { weights },
    ),
  ).rejects.toThrow(/^\[peftjs\/core\] "model\.embed_tokens\.weight" cannot be held in this storage: .*64/);
});

it('a merged matrix that the storage cannot hold is named, and everything is as it was', async () => {
  const model = await loadModel(
    changed((values) => values),
    { weights: nf4() },
  );
  const before = logitsOf(model, batchOf([[3, 5, 7]]));
  const adapter = attach(model, lora({ r: 1, targets: ['0.mlp.up_proj'] }));
  for (const { variable } of adapter.parameters) {
    const large = fill(variable.shape, 1e30);
    variable.assign(large);
    large.dispose();
  }
  await expect(merge(adapter)).rejects.toThrow(
    /^\[peftjs\/core\] "model\.layers\.0\.mlp\.up_proj" cannot be held in this storage: .* Infinity at \[0, 0\]/,
  );
  adapter.detach();
  expect(logitsOf(model, batchOf([[3, 5, 7]]))).toEqual(before);
  model.dispose();
});
