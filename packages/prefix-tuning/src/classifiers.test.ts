// Prompts in front of texts that are classified, whole or token by token.
import { attach } from '@peftjs/core';
import { bertTokenClassifier, gpt2Classifier, llamaClassifier, type TokenBatch } from '@peftjs/models';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { batchOf, expectNear, guardTensors } from '../../models/test/tiny-llama.ts';
import { make } from '../../models/test/tiny-models.ts';
import { promptTuning } from './prompt-tuning.ts';

guardTensors();

const LONG = { max_position_embeddings: 24, n_positions: 24 };
const IDS = [5, 6, 7];

function read(t: Tensor): number[] {
  const values = [...t.dataSync()];
  t.dispose();
  return values;
}

test.each([
  ['llama', llamaClassifier({ labels: 3 })],
  ['gpt2', gpt2Classifier({ labels: 3 })],
] as const)('the class of a %s text is read from its last token, padded or not', async (_, architecture) => {
  const model = await make(architecture, LONG);
  const plain = read(model.logits(batchOf([IDS])));
  const adapter = attach(model, promptTuning({ tokens: 2 }), { seed: 1 });
  const alone = read(model.logits(batchOf([IDS])));
  expect(alone).not.toEqual(plain);
  // Beside a longer row this one is padded.
  const beside = read(model.logits(batchOf([IDS, [1, 2, 3, 4, 8]])));
  expectNear(beside.slice(0, 3), alone);
  adapter.detach();
  model.dispose();
});

test('virtual tokens have no label where tokens are classified', async () => {
  const model = await make(bertTokenClassifier({ labels: 3 }), LONG);
  const batch: TokenBatch = { ...batchOf([IDS]), labels: Int32Array.of(1, -100, 2) };
  const adapter = attach(model, promptTuning({ tokens: 2 }), { seed: 1 });
  const logits = read(model.logits(batch));
  expect(logits).toHaveLength(3 * (2 + IDS.length));
  const nll = (position: number, label: number) => {
    const row = logits.slice(3 * (2 + position), 3 * (3 + position));
    return Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - (row[label] as number);
  };
  expect(read(model.loss(batch))[0]).toBeCloseTo(nll(0, 1) + nll(2, 2), 4);
  expect(model.count(batch).targets).toBe(2);
  adapter.detach();
  model.dispose();
});
