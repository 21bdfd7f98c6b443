// Every architecture through its files: what is saved comes back, under the names that transformers writes.
import { diskFolder, memoryFolder } from '@peftjs/checkpoint';
import { countParameters } from '@peftjs/core';
import { memory } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { guardTensors, type StoredTensor, tensorsOf, withTensors } from '../test/tiny-llama.ts';
import { CLASSES, make, noisySource, TINY, valuesOf } from '../test/tiny-models.ts';
import type { Architecture } from './architecture.ts';
import {
  bertClassifier,
  bertEncoder,
  bertTokenClassifier,
  gpt2,
  gpt2Classifier,
  llamaClassifier,
  loadModel,
  type Model,
  saveModel,
  vitClassifier,
} from './index.ts';

guardTensors();

const configOf = (files: ReadonlyMap<string, Uint8Array>) =>
  JSON.parse(new TextDecoder().decode(files.get('config.json')));

async function filesOf(model: Model): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = memoryFolder();
  await saveModel(model, folder);
  return folder.files;
}

/** The shares that a base was trained with. */
const DROPOUT: Readonly<Record<string, object>> = {
  llama: { attention_dropout: 0.5 },
  gpt2: { resid_pdrop: 0.5, embd_pdrop: 0.5, attn_pdrop: 0.5 },
  bert: { hidden_dropout_prob: 0.5, attention_probs_dropout_prob: 0.5, classifier_dropout: 0.5 },
  vit: { hidden_dropout_prob: 0.5, attention_probs_dropout_prob: 0.5 },
};

describe.each(Object.entries(TINY))('%s', (_, { architecture, open }) => {
  test("the base's own dropout is off in training, too", async () => {
    const { model, output } = await open(DROPOUT[architecture.modelType] as Record<string, number>);
    const [still, training] = [false, true].map((on) => output({ training: on, seed: 3 }));
    expect(training?.dataSync()).toEqual(still?.dataSync());
    for (const t of [still, training]) t?.dispose();
    model.dispose();
  });

  test('comes back from its files bit for bit, every number in them counted', async () => {
    const { model } = await open();
    const folder = memoryFolder();
    const count = await saveModel(model, folder);
    const stored = await tensorsOf(folder.files);
    expect(stored.reduce((n, t) => n + t.data.length, 0)).toBe(count);
    expect(countParameters(model)).toBe(count);
    expect(model.parameters().parameters.reduce((n, { variable }) => n + variable.size, 0)).toBe(count);
    model.dispose();

    const again = await loadModel(folder, { architectures: [architecture] });
    expect(again.fresh).toEqual([]);
    expect(await tensorsOf(await filesOf(again))).toEqual(stored);
    again.dispose();
  });
});

/** Bases of golden cases, which transformers has saved. */
const SAVED: readonly (readonly [string, Architecture])[] = [
  ['gpt2-lora', gpt2],
  ['lora-seq-cls', llamaClassifier()],
  ['bert-lora-seq-cls', bertClassifier()],
  ['bert-lora-token-cls', bertTokenClassifier()],
  ['bert-embedding', bertEncoder()],
  ['vit-lora', vitClassifier()],
];

test.each(SAVED)('%s, saved by transformers, is saved again as it was', async (name, architecture) => {
  const path = new URL(`../../../golden/cases/${name}/base`, import.meta.url).pathname;
  const theirs = diskFolder(path);
  const read = async (file: string) => {
    const found = await theirs.open(file);
    return [file, await found!.read(0, found!.size)] as const;
  };
  const files = new Map([await read('config.json'), await read('model.safetensors')]);
  const model = await loadModel(theirs, { architectures: [architecture] });
  const ours = await filesOf(model);
  model.dispose();
  const byName = (tensors: readonly StoredTensor[]) => new Map(tensors.map((t) => [t.name, t]));
  const expected = byName(await tensorsOf(files));
  expect(byName(await tensorsOf(ours))).toEqual(expected);
  expect(configOf(ours)).toEqual(configOf(files));
});

describe('other names in a file', () => {
  /** The files of a model with its tensors renamed. */
  async function renamed<M extends Model>(architecture: Architecture<M>, rename: (name: string) => string) {
    const model = await make(architecture);
    const files = await filesOf(model);
    model.dispose();
    const tensors = await tensorsOf(files);
    return {
      plain: memoryFolder(files),
      other: withTensors(
        files,
        tensors.map((t) => ({ ...t, name: rename(t.name) })),
      ),
    };
  }

  const cases: [string, Architecture, (name: string) => string][] = [
    ['GPT-2 without "transformer."', gpt2, (name) => name.replace('transformer.', '')],
    ['a bare BERT below a classifier', bertTokenClassifier(), (name) => name.replace('bert.', '')],
    ['a BERT with its class in front, for embeddings', bertEncoder(), (name) => `bert.${name}`],
    [
      "old names of a BERT's norms",
      bertClassifier(),
      (name) => name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
    ],
    ['a bare Llama', llamaClassifier(), (name) => name.replace('model.', '')],
    ['a bare ViT', vitClassifier(), (name) => name.replace('vit.', '')],
    [
      "transformers 5's names in memory of a ViT",
      vitClassifier(),
      (name) =>
        name
          .replace('encoder.layer', 'layers')
          .replace(/attention\.attention\.(.).*?\./, 'attention.$1_proj.')
          .replace('attention.output.dense', 'attention.o_proj')
          .replace('intermediate.dense', 'mlp.fc1')
          .replace('output.dense', 'mlp.fc2'),
    ],
  ];
  test.each(cases)('%s', async (_, architecture, rename) => {
    const { plain, other } = await renamed(architecture, rename);
    const [one, two] = [
      await loadModel(plain, { architectures: [architecture] }),
      await loadModel(other, { architectures: [architecture] }),
    ];
    expect(await tensorsOf(await filesOf(two))).toEqual(await tensorsOf(await filesOf(one)));
    expect(two.fresh).toEqual([]);
    one.dispose();
    two.dispose();
  });
});

describe('what the model does not take', () => {
  const vector = (name: string): StoredTensor => ({ name, dtype: 'F32', shape: [2], data: new Float32Array(2) });
  async function withMore(architecture: Architecture, names: readonly string[]) {
    const model = await make(architecture);
    const files = await filesOf(model);
    model.dispose();
    return withTensors(files, [...(await tensorsOf(files)), ...names.map(vector)]);
  }
  const ignored: [string, Architecture, readonly string[]][] = [
    ['gpt2', gpt2, ['transformer.h.0.attn.bias', 'transformer.h.1.attn.masked_bias', 'lm_head.weight']],
    ['gpt2Classifier', gpt2Classifier(), ['transformer.h.0.attn.bias', 'lm_head.weight']],
    ['llamaClassifier', llamaClassifier(), ['lm_head.weight', 'model.layers.0.self_attn.rotary_emb.inv_freq']],
    ['bertClassifier', bertClassifier(), ['cls.predictions.bias', 'bert.embeddings.position_ids']],
    ['bertTokenClassifier', bertTokenClassifier(), ['bert.pooler.dense.bias', 'cls.seq_relationship.bias']],
    ['bertEncoder', bertEncoder(), ['embeddings.position_ids', 'classifier.bias']],
    ['vitClassifier', vitClassifier(), ['vit.pooler.dense.bias', 'vit.embeddings.mask_token']],
  ];
  test.each(ignored)('%s leaves it out, and refuses the rest', async (_, architecture, names) => {
    const model = await loadModel(await withMore(architecture, names), { architectures: [architecture] });
    model.dispose();
    const before = memory().numTensors;
    await expect(
      loadModel(await withMore(architecture, ['some.other']), { architectures: [architecture] }),
    ).rejects.toThrow('holds "some.other", which the model of config.json has no place for');
    expect(memory().numTensors).toBe(before);
  });
});

describe('a folder without a head', () => {
  const lacking: [string, Architecture, RegExp, readonly string[]][] = [
    [
      'bertClassifier',
      bertClassifier({ labels: 3, seed: 4 }),
      /pooler|classifier/,
      ['bert.pooler.dense', 'classifier'],
    ],
    ['bertTokenClassifier', bertTokenClassifier({ labels: 3, seed: 4 }), /classifier/, ['classifier']],
    ['llamaClassifier', llamaClassifier({ labels: 3, seed: 4 }), /score/, ['score']],
    ['gpt2Classifier', gpt2Classifier({ labels: 3, seed: 4 }), /score/, ['score']],
    ['vitClassifier', vitClassifier({ labels: 3, seed: 4 }), /classifier/, ['classifier']],
  ];
  test.each(lacking)('%s starts it from a seeded normal, and says so', async (_, architecture, lacks, fresh) => {
    const heads = async () => {
      const model = await make(architecture, {}, noisySource(3, lacks));
      expect(model.fresh).toEqual(fresh);
      const files = await tensorsOf(await filesOf(model));
      model.dispose();
      return files.filter(({ name }) => lacks.test(name));
    };
    const [first, second] = [await heads(), await heads()];
    expect(second).toEqual(first);
    for (const { name, data } of first) {
      const deviation = Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / data.length);
      if (name.endsWith('bias')) expect(deviation).toBe(0);
      else expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(0.4);
    }
  });

  test('from files, where nothing is left when it fails', async () => {
    const model = await make(bertEncoder());
    const folder = memoryFolder(await filesOf(model));
    model.dispose();
    const loaded = await loadModel(folder, { architectures: [bertClassifier({ labels: ['ham', 'spam', 'eggs'] })] });
    expect([loaded.fresh, loaded.labels, loaded.task]).toEqual([['classifier'], ['ham', 'spam', 'eggs'], 'SEQ_CLS']);
    expect(valuesOf(loaded.logits(CLASSES)).every(Number.isFinite)).toBe(true);
    const saved = await filesOf(loaded);
    expect(configOf(saved)).toMatchObject({
      architectures: ['BertForSequenceClassification'],
      id2label: { 0: 'ham', 1: 'spam', 2: 'eggs' },
      label2id: { ham: 0, spam: 1, eggs: 2 },
    });
    loaded.dispose();
    const before = memory().numTensors;
    await expect(loadModel(memoryFolder(saved), { architectures: [bertClassifier({ labels: 2 })] })).rejects.toThrow(
      '"classifier.weight" has shape [3,8]; config.json asks for [2,8], or the options do',
    );
    expect(memory().numTensors).toBe(before);
  });
});

const refused: [string, Architecture, Readonly<Record<string, unknown>>, string][] = [
  [
    'gpt2',
    gpt2,
    { activation_function: 'gelu_fast' },
    '"activation_function" is "gelu_fast", which is not supported; supported are gelu, ',
  ],
  ['gpt2', gpt2, { add_cross_attention: true }, '"add_cross_attention" is true'],
  ['gpt2', gpt2, { n_head: 3 }, '"n_embd" is 8, no multiple of "n_head", 3'],
  ['gpt2', gpt2, { n_layer: undefined }, '"n_layer" is undefined; a number is needed'],
  [
    'bert',
    bertEncoder(),
    { position_embedding_type: 'relative_key' },
    '"position_embedding_type" is "relative_key"; only "absolute" is supported',
  ],
  ['bert', bertEncoder(), { is_decoder: true }, '"is_decoder" is true; only BERT as an encoder is supported'],
  ['bert', bertEncoder(), { hidden_act: 'swish' }, '"hidden_act" is "swish", which is not supported'],
  ['bert', bertEncoder(), { num_attention_heads: 3 }, '"hidden_size" is 8, no multiple of "num_attention_heads", 3'],
  [
    'bert',
    bertClassifier(),
    { problem_type: 'regression' },
    '"problem_type" is "regression"; only "single_label_classification"',
  ],
  ['bert', bertClassifier({ labels: 1 }), {}, '1 labels are none to tell apart; give 2 or more'],
  ['vit', vitClassifier(), { image_size: [6] }, '"image_size" is [6]; give a size, or [height, width]'],
  ['vit', vitClassifier(), { patch_size: 0 }, '"patch_size" is 0; a whole number above 0'],
  ['vit', vitClassifier(), { hidden_act: 'quick_gelu' }, '"hidden_act" is "quick_gelu", which is not supported'],
];
test.each(refused)('%s refuses a configuration, naming the key: %#', async (type, architecture, more, message) => {
  expect(architecture.modelType).toBe(type);
  await expect(make(architecture, more)).rejects.toThrow(message);
});

test('a type that none of the architectures reads is named with those that there are', async () => {
  const model = await make(bertEncoder());
  const folder = memoryFolder(await filesOf(model), 'a folder');
  model.dispose();
  await expect(loadModel(folder)).rejects.toThrow(
    'a folder: model_type "bert" is not supported; nearest: "gpt2"; known here: llama, gpt2, and others by the option "architectures"',
  );
});
