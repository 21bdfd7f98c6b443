// What is written is what transformers writes of the same codes, and is read back to the last bit.
import { readFileSync } from 'node:fs';
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { memoryFolder } from '@peftjs/checkpoint';
import { dense, type FileMatrix, type Storage, type Weight } from '@peftjs/core';
import { loadModel, saveModel } from '@peftjs/models';
import { leakGuard } from '@peftjs/testing/suites';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { inFile } from '../test/in-file.ts';
import { bitsandbytes } from './bitsandbytes.ts';
import { byRole } from './by-role.ts';
import { fp4, nf4 } from './four-bit.ts';
import { int8 } from './integers.ts';

const golden = (name: string) => new URL(`../../../golden/${name}`, import.meta.url).pathname;
const jsonOf = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));

beforeAll(async () => {
  await useBackend(wasm({ threads: 1 }));
});

describe.each(['nf4', 'fp4', 'int8'])('a folder that transformers wrote in %s', (kind) => {
  leakGuard();

  // That the tensors are, byte for byte, stands in the suite of storages, for every backend.
  it('is written with a configuration that says what theirs does', async () => {
    const path = golden(`storages/llama-${kind}`);
    const model = await loadModel(path, { weights: bitsandbytes() });
    const folder = memoryFolder();
    await saveModel(model, folder);
    model.dispose();
    const { quantization_config: theirs } = jsonOf(readFileSync(`${path}/config.json`));
    const { llm_int8_skip_modules: numbers, ...config } = jsonOf(folder.files.get('config.json')).quantization_config;
    expect(theirs).toMatchObject(config);
    // Where it says nothing, transformers leaves out the output.
    expect(numbers).toEqual(['lm_head']);
  });

  it('is written as numbers where they are asked for, and the configuration says so', async () => {
    const model = await loadModel(golden(`storages/llama-${kind}`), { weights: bitsandbytes() });
    const folder = memoryFolder();
    await saveModel(model, folder, { decode: true });
    expect(jsonOf(folder.files.get('config.json'))).not.toHaveProperty('quantization_config');
    const again = await loadModel(folder);
    const [own, read] = [model, again].map((one) =>
      one.sites().flatMap((site) => ('weight' in site ? [numbersOf(site.weight)] : [])),
    );
    expect(read).toEqual(own);
    model.dispose();
    again.dispose();
  });
});

function numbersOf(weight: Weight): Float32Array {
  const read = weight.read();
  const values = read.dataSync() as Float32Array;
  read.dispose();
  return values;
}

describe('a matrix', () => {
  leakGuard();
  const storages: Readonly<Record<string, readonly [Storage, step: number]>> = {
    nf4: [nf4(), 64],
    'nf4 in blocks of 32, nested': [nf4({ block: 32, doubleQuantization: true }), 32],
    'fp4, nested': [fp4({ doubleQuantization: true }), 64],
    int8: [int8(), 1],
  };

  it.each(Object.entries(storages))('in %s is read back bit for bit', async (_, [storage, step]) => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1 }));
    await fc.assert(
      fc.asyncProperty(sizes, async ([outDim, steps, seed]) => {
        const inDim = steps * step;
        const values = Float32Array.from(
          { length: outDim * inDim },
          (_, i) => Math.sin(seed + i) * 10 ** (((i * seed) % 7) - 3),
        );
        const weight = storage(values, outDim, inDim);
        const again = await bitsandbytes().load?.((await inFile(weight)) as FileMatrix);
        expect(numbersOf(again as Weight)).toEqual(numbersOf(weight));
        expect(again?.bytes).toBe(weight.bytes);
        weight.dispose();
        again?.dispose();
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  it('whose rows are no whole blocks, or in groups that no file has, has none', async () => {
    for (const storage of [nf4(), int8({ group: 32 })]) {
      const weight = storage(new Float32Array(96).fill(0.5), 2, 48);
      expect(await inFile(weight)).toBeNull();
      weight.dispose();
    }
  });
});

describe('a model', () => {
  leakGuard();
  const base = golden('cases/embedding-tied/base');

  it('has codes where bitsandbytes has them, and gives the same again', async () => {
    const model = await loadModel(golden('storages/llama-nf4'), {
      weights: byRole({ embed: dense, head: nf4({ doubleQuantization: true }) }, bitsandbytes()),
    });
    const folder = memoryFolder();
    await saveModel(model, folder, { dtype: 'BF16' });
    const again = await loadModel(folder, { weights: bitsandbytes() });
    const up = (one: typeof model) => one.sites().map((site) => ('weight' in site ? site.weight.bytes : 0));
    expect(up(again)).toEqual(up(model));
    expect(jsonOf(folder.files.get('config.json'))).toMatchObject({
      dtype: 'bfloat16',
      quantization_config: { llm_int8_skip_modules: [] },
    });
    model.dispose();
    again.dispose();
  });

  it('names its output among the numbers where that is the embedding', async () => {
    const model = await loadModel(base, { weights: int8() });
    const folder = memoryFolder();
    await saveModel(model, folder);
    model.dispose();
    const { quantization_config: config } = jsonOf(folder.files.get('config.json'));
    expect(config).toEqual({ quant_method: 'bitsandbytes', load_in_8bit: true, llm_int8_skip_modules: ['lm_head'] });
  });

  it('in codes of two kinds is refused', async () => {
    const model = await loadModel(golden('storages/llama-nf4'), { weights: byRole({ head: int8() }, bitsandbytes()) });
    await expect(saveModel(model, memoryFolder())).rejects.toThrow(
      /codes of more than one kind, .*nf4.*load_in_8bit.*save numbers with "decode"/,
    );
    model.dispose();
  });
});
