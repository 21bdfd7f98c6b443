import { attach, route } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { describe, expect, test } from 'vitest';
import { batchOf, expectNear, guardTensors } from '../../test/tiny-llama.ts';
import { CLASSES, make, TOKENS, valuesOf } from '../../test/tiny-models.ts';
import { bertClassifier, bertTokenClassifier, gpt2Classifier, llamaClassifier } from '../index.ts';

guardTensors();

const ROWS = [
  [3, 5, 7, 2, 8],
  [4, 1, 9],
];
const architectures = [bertClassifier({ labels: 3 }), llamaClassifier({ labels: 3 }), gpt2Classifier({ labels: 3 })];

describe.each(architectures)('$modelType', (architecture) => {
  test('gives a padded row what it gives the row alone, wherever the padding is', async () => {
    const model = await make(architecture);
    const alone = ROWS.flatMap((row) => [...valuesOf(model.logits(batchOf([row])))]);
    expectNear(valuesOf(model.logits(batchOf(ROWS))), alone);
    expectNear(valuesOf(model.logits(batchOf(ROWS, 2))), alone);
    expect(new Set(alone).size).toBe(alone.length);
    model.dispose();
  });

  test('sums the rows of its loss, without those that do not count', async () => {
    const model = await make(architecture);
    const loss = (labels: readonly number[]) =>
      valuesOf(model.loss({ ...CLASSES, labels: Int32Array.from(labels) }))[0] as number;
    expect(loss([2, 0])).toBeCloseTo(loss([2, -100]) + loss([-100, 0]), 5);
    const [a, b, c] = valuesOf(model.logits(batchOf([ROWS[0] as number[]]))) as unknown as [number, number, number];
    expect(loss([2, -100])).toBeCloseTo(Math.log(Math.exp(a) + Math.exp(b) + Math.exp(c)) - c, 5);
    expect(model.count(CLASSES)).toEqual({ targets: 2, tokens: 8 });
    expect(model.count({ ...CLASSES, labels: Int32Array.of(-100, 1) })).toEqual({ targets: 1, tokens: 8 });
    model.dispose();
  });

  test('runs each row of a batch through its own adapters', async () => {
    const model = await make(architecture);
    const targets = ['attn.q', 'mlp.down', 'embed'];
    const adapter = attach(model, lora({ r: 2, init: noisy, targets }), { seed: 4 });
    const ctx = { training: false, seed: 0 };
    const adapted = valuesOf(model.logits(CLASSES, ctx));
    const plain = valuesOf(model.logits(CLASSES, { ...ctx, routes: route() }));
    const mixed = valuesOf(model.logits(CLASSES, { ...ctx, routes: [route(), route(adapter)] }));
    expectNear(mixed, [...plain.slice(0, 3), ...adapted.slice(3)]);
    expect(adapted).not.toEqual(plain);
    adapter.detach();
    model.dispose();
  });

  test('refuses labels that are none', async () => {
    const model = await make(architecture);
    const { labels: _, ...rest } = CLASSES;
    expect(() => model.loss(rest)).toThrow('[peftjs/models] the batch has no labels for 2 rows; give one for each');
    expect(() => model.loss({ ...rest, labels: TOKENS.labels as Int32Array })).toThrow('has 10 labels for 2 rows');
    expect(() => model.loss({ ...rest, labels: Int32Array.of(0, 3) })).toThrow(
      '[peftjs/models] 3 is no label of a model with 3; labels are 0 to 2, and -100 where none counts',
    );
    expect(() => model.loss({ ...rest, labels: Int32Array.of(0, -1) })).toThrow('-1 is no label');
    model.dispose();
  });
});

test('a classifier of tokens does so, too', async () => {
  const model = await make(bertTokenClassifier({ labels: 3 }));
  const { labels: _, ...rest } = CLASSES;
  expect(() => model.loss(rest)).toThrow('the batch has no labels; give one a token, -100 where none counts');
  const wrong = Int32Array.from({ length: 10 }, () => 7);
  expect(() => model.loss({ ...rest, labels: wrong })).toThrow('7 is no label of a model with 3');
  const few = Int32Array.of(0, 1, -100, 2, 1, 0, -100, -100, -100, -100);
  expect(model.count({ ...rest, labels: few })).toEqual({ targets: 5, tokens: 8 });
  model.dispose();
});

test('segments count on BERT', async () => {
  const model = await make(bertClassifier({ labels: 3 }));
  const zeros = valuesOf(model.logits({ ...CLASSES, tokenTypeIds: new Int32Array(10) }));
  expect(valuesOf(model.logits(CLASSES))).toEqual(zeros);
  const other = { ...CLASSES, tokenTypeIds: new Int32Array(10).fill(1, 5) };
  const values = valuesOf(model.logits(other));
  expect(values.slice(0, 3)).toEqual(zeros.slice(0, 3));
  expect(values.slice(3)).not.toEqual(zeros.slice(3));
  model.dispose();
});
