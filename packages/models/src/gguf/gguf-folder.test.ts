import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprintWeights, memoryFolder, openWeights } from '@peftjs/checkpoint';
import { dense, type FileMatrix, type Storage } from '@peftjs/core';
import { blobSource, memorySource, openSafetensors } from '@peftjs/safetensors';
import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { goldenFile } from '../../../gguf/test/golden-file.ts';
import { type TensorToWrite, type Typed, writeGguf } from '../../../gguf/test/write-gguf.ts';
import { LLAMA } from '../../test/gguf-llama.ts';
import { hubServer } from '../../test/hub-server.ts';
import { batchOf, expectNear, guardTensors, logitsOf } from '../../test/tiny-llama.ts';
import { openModelFolder } from '../hub/open-model-folder.ts';
import { readLlamaConfig } from '../llama/config.ts';
import { loadModel, openTokenizer } from '../load-model.ts';
import { ggufFolder } from './gguf-folder.ts';

guardTensors();

const golden = await goldenFile('llama.gguf');
const bytes = await golden.read(0, golden.size);
/** What transformers makes of the same file. */
const theirs = await openSafetensors(await goldenFile('llama.safetensors'));
const told = await goldenFile('llama.json');
const { texts } = JSON.parse(new TextDecoder().decode(await told.read(0, told.size))) as {
  texts: readonly { text: string; ids: number[] }[];
};

async function idsAndLogits() {
  const shape = theirs.tensors.get('input_ids')?.shape as [number, number];
  const flat = [...(await theirs.readInt32('input_ids'))];
  const rows = Array.from({ length: shape[0] }, (_, k) => flat.slice(k * shape[1], (k + 1) * shape[1]));
  return { batch: batchOf(rows), logits: await theirs.readFloat32('logits') };
}

describe('against transformers', () => {
  test('every weight has its name and, bit for bit, its numbers', async () => {
    const weights = await openWeights(await ggufFolder(golden));
    const names = [...theirs.tensors.keys()].filter((name) => name !== 'input_ids' && name !== 'logits');
    expect([...weights.tensors.keys()].sort()).toEqual(names.sort());
    for (const name of names) {
      expect(weights.tensors.get(name)?.shape).toEqual(theirs.tensors.get(name)?.shape);
      const all = await theirs.readFloat32(name);
      expect([name, await weights.readFloat32(name)]).toEqual([name, all]);
      const width = theirs.tensors.get(name)?.shape.at(-1) as number;
      for (const [from, to] of [
        [0, width],
        [width, 3 * width],
        [5 * width, 14 * width],
      ] as const)
        if (to <= all.length) expect(await weights.readFloat32(name, from, to)).toEqual(all.slice(from, to));
    }
  });

  test('the model has its logits', async () => {
    const { batch, logits } = await idsAndLogits();
    const model = await loadModel(await ggufFolder(golden));
    expectNear(logitsOf(model, batch), logits);
    model.dispose();
  });

  test.each(texts)('$text has the tokens of the package tokenizers', async ({ text, ids }) => {
    const tokenizer = await openTokenizer(await ggufFolder(golden));
    expect(tokenizer?.encode(text)).toEqual(ids);
    expect(tokenizer?.decode(ids)).toBe(text.replaceAll(/<\|\w+\|>/g, ''));
  });
});

describe('where it comes from', () => {
  const names = async (model: Parameters<typeof loadModel>[0], options = {}) => {
    const loaded = await loadModel(model, options);
    const { base, tokenizer, config } = loaded;
    loaded.dispose();
    return { name: base.name, fingerprint: await base.fingerprint(), vocab: tokenizer?.vocab, dim: config.hidden_size };
  };
  const expected = async (name: string) => ({
    name,
    fingerprint: await fingerprintWeights(await openWeights(await ggufFolder(golden))),
    vocab: 320,
    dim: 32,
  });

  test('bytes and blobs', async () => {
    const folder = memoryFolder(new Map([['tiny.gguf', bytes]]), 'somewhere');
    expect(await names(folder)).toEqual(await expected('somewhere/tiny.gguf'));
    const blob = blobSource('picked.gguf', new Blob([bytes.slice()]));
    expect(await names(await ggufFolder(blob))).toEqual(await expected('picked.gguf'));
  });

  test('a path, and a folder with one GGUF file', async () => {
    const root = await mkdtemp(join(tmpdir(), 'peftjs-gguf-'));
    onTestFinished(() => rm(root, { recursive: true }));
    await mkdir(join(root, 'tiny'));
    const path = join(root, 'tiny', 'a.gguf');
    await writeFile(path, bytes);
    expect(await names(path)).toEqual(await expected(path));
    expect(await names(join(root, 'tiny'))).toEqual(await expected(join(root, 'tiny')));
    await expect(loadModel(join(root, 'tiny', 'b.gguf'))).rejects.toThrow('has no b.gguf; nearest: "a.gguf"');
    await writeFile(join(root, 'tiny', 'b.gguf'), bytes);
    await expect(loadModel(join(root, 'tiny'))).rejects.toThrow(
      /tiny holds 2 GGUF files, a\.gguf, b\.gguf; name one, as in .*tiny[/\\]a\.gguf$/,
    );
  });

  test('the hub, by the name of the model or of one of its files', async () => {
    const root = await mkdtemp(join(tmpdir(), 'peftjs-gguf-'));
    const hub = await hubServer('tiny/llama', {
      'README.md': { bytes: new TextEncoder().encode('# Tiny') },
      'config.json': { bytes: new TextEncoder().encode('{}') },
      'tiny.gguf': { bytes, large: true },
    });
    onTestFinished(async () => {
      await hub.close();
      await rm(root, { recursive: true });
    });
    const options = { endpoint: hub.endpoint, cache: root };
    expect(await names('tiny/llama', options)).toEqual(await expected('tiny/llama'));
    expect(await names('tiny/llama@main/tiny.gguf', options)).toEqual(await expected('tiny/llama@main/tiny.gguf'));
    const folder = await openModelFolder('tiny/llama', options);
    expect(folder.location).toBe(`${hub.endpoint}/tiny/llama/tiny.gguf`);
    expect(await folder.list()).toEqual(['config.json', 'tokenizer.json', 'tokenizer_config.json']);
  });
});

test('a storage gets the blocks of the file, the rows of q and k in their order', async () => {
  const seen = new Map<string, string>();
  const load = async ({ name, outDim, inDim, dtype, bytes, rows }: FileMatrix) => {
    const blocks = await bytes();
    seen.set(name, `${dtype} ${blocks.length / outDim}`);
    if (name.endsWith('0.self_attn.q_proj.weight')) {
      // The same blocks, read as a file that has one tensor with them.
      const file = writeGguf(LLAMA, [{ name: 'output_norm.weight', dtype, shape: [outDim, inDim], bytes: blocks }]);
      const weights = await openWeights(await ggufFolder(memorySource('a.gguf', file)));
      expect(await weights.readFloat32('model.norm.weight')).toEqual(await theirs.readFloat32(name));
    }
    return dense(await rows(0, outDim), outDim, inDim);
  };
  const whole: Storage = () => {
    throw new Error('asked for the whole');
  };
  const { batch, logits } = await idsAndLogits();
  const model = await loadModel(await ggufFolder(golden), { weights: Object.assign(whole, { load }) });
  expectNear(logitsOf(model, batch), logits);
  model.dispose();
  expect(seen.get('model.embed_tokens.weight')).toBe('F16 64');
  expect(seen.get('model.layers.0.self_attn.q_proj.weight')).toBe('Q4_1 20');
  expect(seen.get('model.layers.1.self_attn.k_proj.weight')).toBe('Q8_0 34');
});

describe('the configuration', () => {
  const configOf = async (more: Readonly<Record<string, Typed>>, tensors: readonly TensorToWrite[] = []) => {
    const folder = await ggufFolder(memorySource('a.gguf', writeGguf({ ...LLAMA, ...more }, tensors)));
    const source = await folder.open('config.json');
    return JSON.parse(new TextDecoder().decode(await source?.read(0, source.size)));
  };
  const vector = (name: string): TensorToWrite => ({ name, dtype: 'F32', shape: [8], bytes: new Uint8Array(32) });

  test('says what is left out as llama.cpp takes it', async () => {
    expect(await configOf({})).toMatchObject({
      num_key_value_heads: 2,
      head_dim: 4,
      rope_theta: 10000,
      rms_norm_eps: 1e-6,
      vocab_size: 5,
      tie_word_embeddings: true,
      attention_bias: false,
      bos_token_id: null,
    });
    expect(await configOf({})).not.toHaveProperty('rope_scaling');
  });

  test('takes what is there: key length, scaling, biases, an output of its own', async () => {
    const more = await configOf(
      {
        'llama.attention.key_length': ['u32', 16],
        'llama.rope.scaling.type': ['string', 'linear'],
        'llama.rope.scaling.factor': ['f32', 2.5],
        'tokenizer.ggml.eos_token_id': ['u32', 2],
      },
      [vector('output.weight'), vector('blk.0.attn_q.bias'), vector('blk.0.ffn_up.bias')],
    );
    expect(more).toMatchObject({
      head_dim: 16,
      rope_scaling: { rope_type: 'linear', factor: 2.5 },
      eos_token_id: 2,
      tie_word_embeddings: false,
      attention_bias: true,
      mlp_bias: true,
    });
  });
});

const factors = (values: readonly number[]): TensorToWrite => {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  return { name: 'rope_freqs.weight', dtype: 'F32', shape: [values.length], bytes };
};

test("the frequencies of Llama 3.1 are its configuration's", async () => {
  // As llama.cpp's converter computes them, of heads of 16 and a factor of 32.
  const [theta, headDim, factor, low, high, context] = [5e5, 16, 32, 1, 4, 8192] as const;
  const written = Array.from({ length: headDim / 2 }, (_, j) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * j) / headDim);
    if (wavelength < context / high) return 1;
    if (wavelength > context / low) return factor;
    const smooth = (context / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
  expect(new Set(written).size).toBeGreaterThan(2);
  const heads = { 'llama.attention.key_length': ['u32', headDim], 'llama.rope.freq_base': ['f32', theta] } as const;
  const file = writeGguf({ ...LLAMA, ...heads }, [factors(written)]);
  const folder = await ggufFolder(memorySource('a.gguf', file));
  const source = await folder.open('config.json');
  const config = JSON.parse(new TextDecoder().decode(await source?.read(0, source.size)));
  expect(config.rope_scaling).toEqual({
    rope_type: 'llama3',
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: context,
  });
  const { frequencies } = readLlamaConfig(config);
  for (const [j, f] of frequencies.entries()) {
    const divided = theta ** ((-2 * j) / headDim) / (written[j] as number);
    expect(Math.abs(f / divided - 1)).toBeLessThan(1e-12);
  }
  expect(folder.weights?.tensors.size).toBe(0);
});

describe('refused, naming what is wrong, and no tensor is left', () => {
  const refused = async (file: Uint8Array, message: string) => {
    const before = memory().numTensors;
    await expect(loadModel(memoryFolder(new Map([['a.gguf', file]]), 'here'))).rejects.toThrow(message);
    expect(memory().numTensors).toBe(before);
  };
  const having = (more: Readonly<Record<string, Typed>>, tensors: readonly TensorToWrite[] = []) =>
    writeGguf({ ...LLAMA, ...more }, tensors);
  const TOKENIZER: Readonly<Record<string, Typed>> = {
    'tokenizer.ggml.model': ['string', 'gpt2'],
    'tokenizer.ggml.pre': ['string', 'gpt-2'],
    'tokenizer.ggml.tokens': ['array', 'string', ['a', 'b', 'ab']],
    'tokenizer.ggml.token_type': ['array', 'i32', [1, 1, 1]],
    'tokenizer.ggml.merges': ['array', 'string', ['a b']],
  };

  test('another architecture, a part of a file, a missing or wrong key', async () => {
    await refused(
      having({ 'general.architecture': ['string', 'lama'] }),
      '[peftjs/models] here/a.gguf: general.architecture "lama" is not supported; nearest: "llama"; known here: llama',
    );
    await refused(having({ 'split.count': ['u32', 3] }), 'is one of 3 parts; join them with');
    const { 'llama.block_count': _, ...rest } = LLAMA;
    await refused(
      writeGguf({ ...rest, 'llama.block_cout': ['u32', 1] }),
      'here/a.gguf has no key "llama.block_count"; nearest: "llama.block_cout"',
    );
    await refused(having({ 'llama.block_count': ['string', '1'] }), '"llama.block_count" is "1"; a number is needed');
  });

  test('what is not computed here: other factors of frequencies than those of Llama 3.1, other scalings', async () => {
    for (const bad of [
      [1, 8, 1],
      [1, 3.5],
      [0, 0],
    ]) {
      await refused(
        having({ 'llama.embedding_length': ['u32', 8], 'llama.rope.freq_base': ['f32', 5e5] }, [factors(bad)]),
        '"rope_freqs.weight" holds other factors than Llama 3.1 has',
      );
    }
    const yarn = { 'llama.rope.scaling.type': ['string', 'yarn'], 'llama.rope.scaling.factor': ['f32', 2] } as const;
    await refused(having(yarn), 'rope_type "yarn" is not supported');
  });

  test('a tokenizer of another kind, one that contradicts itself', async () => {
    await refused(
      having({ 'tokenizer.ggml.model': ['string', 'bert'] }),
      '"tokenizer.ggml.model" is "bert", which is not supported; nearest: "gpt2"; known here: gpt2, llama',
    );
    await refused(
      having({ ...TOKENIZER, 'tokenizer.ggml.pre': ['string', 'smolm'] }),
      '"tokenizer.ggml.pre" is "smolm", which is not supported; nearest: "smollm"',
    );
    await refused(
      having({ ...TOKENIZER, 'tokenizer.ggml.eos_token_id': ['u32', 9] }),
      '"tokenizer.ggml.eos_token_id" is 9, there are 3 tokens',
    );
    await refused(
      having({ ...TOKENIZER, 'tokenizer.ggml.merges': ['array', 'i32', [1]] }),
      '"tokenizer.ggml.merges" is [1]; a list of strings is needed',
    );
  });

  test('tensors that the model has no place for, or that are of no heads', async () => {
    const matrix = (name: string, rows: number): TensorToWrite => {
      return { name, dtype: 'F32', shape: [rows, 8], bytes: new Uint8Array(32 * rows) };
    };
    await refused(
      having({}, [matrix('blk.0.attn_q.weight', 6)]),
      '"blk.0.attn_q.weight" has 6 rows, which are not those of 2 heads',
    );
    await refused(having({}, [matrix('blk.0.attn_qq.weight', 8)]), 'has no tensor "model.embed_tokens.weight"');
  });
});

test("a token before each text is the model's only where the file says so", async () => {
  const tokenizerOf = async (adds: boolean) => {
    const file = writeGguf({
      ...LLAMA,
      'tokenizer.ggml.model': ['string', 'gpt2'],
      'tokenizer.ggml.pre': ['string', 'llama-bpe'],
      'tokenizer.ggml.tokens': ['array', 'string', ['a', 'b', 'ab', '<s>', '</s>', '<user>']],
      'tokenizer.ggml.token_type': ['array', 'i32', [1, 1, 1, 3, 3, 4]],
      'tokenizer.ggml.merges': ['array', 'string', ['a b']],
      'tokenizer.ggml.bos_token_id': ['u32', 3],
      'tokenizer.ggml.eos_token_id': ['u32', 4],
      'tokenizer.ggml.add_bos_token': ['bool', adds],
      'tokenizer.chat_template': ['string', '{{ bos_token }}{{ messages[0].content }}'],
    });
    return openTokenizer(await ggufFolder(memorySource('a.gguf', file)));
  };
  const [without, withBos] = [await tokenizerOf(false), await tokenizerOf(true)];
  expect([without?.bosId, withBos?.bosId]).toEqual([null, 3]);
  expect(without?.applyChatTemplate([{ role: 'user', content: 'ab' }])).toBe('<s>ab');
  expect(withBos?.encode('aab<user>b</s>')).toEqual([0, 2, 5, 1, 4]);
  expect(withBos?.decode([3, 2, 5, 4])).toBe('ab<user>');
});
