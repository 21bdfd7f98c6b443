import { memoryFolder } from '@peftjs/checkpoint';
import { dense, type FileMatrix, type Storage } from '@peftjs/core';
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16, writeSafetensors } from '@peftjs/safetensors';
import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  batchOf,
  guardTensors,
  logitsOf,
  type StoredTensor,
  tensorsOf,
  tinyFolder,
  tinyLlama,
  withTensors,
} from '../test/tiny-llama.ts';
import { loadModel } from './load-model.ts';

guardTensors();

const json = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const BATCH = batchOf([
  [3, 5, 7, 2],
  [4, 1],
]);
let files: Map<string, Uint8Array>;
let tensors: StoredTensor[];
beforeAll(async () => {
  files = await tinyFolder();
  tensors = await tensorsOf(files);
});

async function logitsFrom(folder: Parameters<typeof loadModel>[0], options: Parameters<typeof loadModel>[1] = {}) {
  const model = await loadModel(folder, options);
  const values = logitsOf(model, BATCH);
  model.dispose();
  return values;
}

test('a folder gives the model that was saved', async () => {
  const model = await tinyLlama();
  const expected = logitsOf(model, BATCH);
  model.dispose();
  expect(await logitsFrom(memoryFolder(files))).toEqual(expected);
});

describe('how weights are stored', () => {
  const coders = { F16: [encodeFloat16, decodeFloat16], BF16: [encodeBfloat16, decodeBfloat16] } as const;
  test.each(['F16', 'BF16'] as const)('%s gives what float32 of the same values gives', async (dtype) => {
    const [encode, decode] = coders[dtype];
    const rounded = tensors.map((t) => {
      const codes = new Uint16Array(t.data.length);
      const data = new Float32Array(t.data.length);
      encode(t.data, codes);
      decode(codes, data);
      return { ...t, data };
    });
    const stored = rounded.map((t) => ({ ...t, dtype }));
    const whole = await logitsFrom(withTensors(files, rounded));
    expect(await logitsFrom(withTensors(files, stored))).toEqual(whole);
    expect(whole).not.toEqual(await logitsFrom(memoryFolder(files)));
  });

  test('shards give what one file gives, and have the same fingerprint', async () => {
    const shards = [tensors.slice(0, 7), tensors.slice(7)];
    const names = shards.map((_, i) => `model-0000${i + 1}-of-00002.safetensors`);
    const map = Object.fromEntries(shards.flatMap((shard, i) => shard.map((t) => [t.name, names[i]])));
    const sharded = new Map(files);
    sharded.delete('model.safetensors');
    sharded.set('model.safetensors.index.json', json({ metadata: {}, weight_map: map }));
    for (const [i, shard] of shards.entries()) sharded.set(names[i] as string, writeSafetensors(shard));
    expect(await logitsFrom(memoryFolder(sharded))).toEqual(await logitsFrom(memoryFolder(files)));
    const [one, two] = [await loadModel(memoryFolder(files)), await loadModel(memoryFolder(sharded))];
    expect(await one.base.fingerprint()).toBe(await two.base.fingerprint());
    one.dispose();
    two.dispose();
  });

  test('the storage that is asked for holds every matrix, no vector', async () => {
    const seen: string[] = [];
    const model = await loadModel(memoryFolder(files), {
      weights: (values, o, i) => {
        seen.push(`${o}x${i}`);
        return dense(values, o, i);
      },
    });
    expect(seen).toHaveLength(1 + 2 * 7);
    model.dispose();
  });

  test('a storage that can takes each matrix from the file, bytes or rows', async () => {
    const seen = new Map<string, string>();
    const load = async ({ name, outDim, inDim, dtype, bytes, rows }: FileMatrix) => {
      seen.set(name, `${dtype}, ${(await bytes()).byteLength / (outDim * inDim)} bytes a number`);
      const values = new Float32Array(outDim * inDim);
      for (let row = 0; row < outDim; row++) values.set(await rows(row, 1), row * inDim);
      return dense(values, outDim, inDim);
    };
    const whole: Storage = () => {
      throw new Error('asked for the whole');
    };
    const weights: Storage = Object.assign(whole, { load });
    const stored = tensors.map((t) => ({ ...t, dtype: 'F16' as const }));
    const folder = withTensors(files, stored);
    expect(await logitsFrom(folder, { weights })).toEqual(await logitsFrom(folder));
    expect(seen.size).toBe(1 + 2 * 7);
    expect(new Set(seen.values())).toEqual(new Set(['F16, 2 bytes a number']));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(loadModel(folder, { weights, signal })).rejects.toThrow('enough');
  });
});

describe('refused, naming what is wrong, and no tensor is left', () => {
  const refused = async (folder: Parameters<typeof loadModel>[0], message: string) => {
    const before = memory().numTensors;
    await expect(loadModel(folder)).rejects.toThrow(message);
    expect(memory().numTensors).toBe(before);
  };
  const having = (name: string, content: unknown) => memoryFolder(new Map(files).set(name, json(content)), 'a folder');
  const config = () => JSON.parse(new TextDecoder().decode(files.get('config.json')));
  const changed = (name: string, change: (t: StoredTensor) => readonly StoredTensor[]) =>
    withTensors(
      files,
      tensors.flatMap((t) => (t.name === name ? change(t) : [t])),
    );
  const NORM = 'model.norm.weight';

  test('a model_type that is not known', async () => {
    await refused(
      having('config.json', { ...config(), model_type: 'lama' }),
      '[peftjs/models] a folder: model_type "lama" is not supported; nearest: "llama"',
    );
    await refused(having('config.json', {}), 'model_type "undefined" is not supported');
  });
  test('JSON that is none, or no object', async () => {
    await refused(having('config.json', '{"model_type": '), '[peftjs/models] a folder/config.json is no JSON: ');
    await refused(having('config.json', '[]'), '[peftjs/models] a folder/config.json holds []; an object is needed');
    await refused(having('config.json', 'null'), 'config.json holds null; an object is needed');
    await refused(having('tokenizer.json', '{"a": 1,}'), 'a folder/tokenizer.json is no JSON');
  });
  test('files that are missing', async () => {
    const without = new Map(files);
    without.delete('config.json');
    await refused(
      memoryFolder(without.set('config.jsn', json({})), 'a folder'),
      '[peftjs/models] a folder has no config.json; nearest: "config.jsn"',
    );
    await refused(
      memoryFolder([['config.json', json(config())]], 'a folder'),
      'a folder has neither model.safetensors nor model.safetensors.index.json',
    );
  });
  test('a tensor that is missing, at the very end', async () => {
    await refused(
      changed(NORM, (t) => [{ ...t, name: 'model.nrm.weight' }]),
      `has no tensor "${NORM}"; nearest: "model.nrm.weight"`,
    );
  });
  test('a wrong shape', async () => {
    await refused(
      changed(NORM, (t) => [{ ...t, shape: [2, 4] }]),
      `"${NORM}" has shape [2,4]; config.json asks for [8]`,
    );
    await refused(
      having('config.json', { ...config(), intermediate_size: 13 }),
      'gate_proj.weight" has shape [12,8]; config.json asks for [13,8]',
    );
  });
  test('numbers that are none', async () => {
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const poisoned = changed(NORM, (t) => [{ ...t, data: t.data.map((v, i) => (i === 3 ? value : v)) }]);
      await refused(poisoned, NORM);
      await refused(poisoned, String(value));
    }
  });
  test('a tensor that nothing takes', async () => {
    const extra = {
      name: 'model.layers.0.self_attn.q_proj.bias',
      dtype: 'F32' as const,
      shape: [16],
      data: new Float32Array(16),
    };
    await refused(
      withTensors(files, [...tensors, extra]),
      `holds "${extra.name}", which the model of config.json has no place for`,
    );
    await refused(having('config.json', { ...config(), num_hidden_layers: 1 }), 'holds "model.layers.1.');
  });
  test('an abort', async () => {
    await expect(loadModel(memoryFolder(files), { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});

test('tensors that say nothing new may be there: rotary frequencies, a tied output', async () => {
  const table = tensors.find((t) => t.name === 'model.embed_tokens.weight') as StoredTensor;
  const inverse = {
    name: 'model.layers.0.self_attn.rotary_emb.inv_freq',
    dtype: 'F32' as const,
    shape: [2],
    data: new Float32Array(2),
  };
  const folder = withTensors(files, [...tensors, { ...table, name: 'lm_head.weight' }, inverse]);
  expect(await logitsFrom(folder)).toEqual(await logitsFrom(memoryFolder(files)));
});
