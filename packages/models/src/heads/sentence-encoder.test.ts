import { expect, test } from 'vitest';
import { batchOf, expectNear, guardTensors } from '../../test/tiny-llama.ts';
import { CONFIGS, make, noisySource, valuesOf } from '../../test/tiny-models.ts';
import { wordTokenizer } from '../../test/word-tokenizer.ts';
import { bertEncoder } from '../index.ts';

guardTensors();

test('embeds rows as it embeds them alone, at length 1', async () => {
  const model = await make(bertEncoder());
  const rows = [
    [3, 5, 7, 2, 8],
    [4, 1, 9],
  ];
  const both = valuesOf(model.embed(batchOf(rows)));
  expectNear(
    both,
    rows.flatMap((row) => [...valuesOf(model.embed(batchOf([row])))]),
  );
  for (const row of [0, 1]) {
    const values = both.slice(row * model.dim, (row + 1) * model.dim);
    expect(Math.hypot(...values)).toBeCloseTo(1, 5);
  }
  expect(model.task).toBe('FEATURE_EXTRACTION');
  model.dispose();
});

test('embeds texts through its tokenizer', async () => {
  const base = { name: 'tiny', fingerprint: async () => 'sha256:tiny' };
  const tokenizer = wordTokenizer();
  const model = await bertEncoder().load({ config: CONFIGS.bert, source: noisySource(3), base, tokenizer });
  const texts = ['the cats sat', 'the mat'];
  const ids = texts.map((text) => [tokenizer.clsId, ...tokenizer.encode(text), tokenizer.sepId] as number[]);
  expect(valuesOf(model.embed(texts))).toEqual(valuesOf(model.embed(batchOf(ids))));
  const long = Array<string>(30).fill('cat').join(' ');
  expect(valuesOf(model.embed([long]))).toHaveLength(model.dim);
  expect(() => model.embed([])).toThrow('[peftjs/models] there are no texts; give texts of at least one');
  model.dispose();

  const without = await make(bertEncoder());
  expect(() => without.embed(['a text'])).toThrow('this model came without tokenizer.json; embed batches of token ids');
  without.dispose();
});
