import { expect, test } from 'vitest';
import { WORDS, wordTokenizer } from '../../test/word-tokenizer.ts';
import { batchTexts } from './batch-texts.ts';

const tokenizer = wordTokenizer();
const words = (ids: ArrayLike<number>) => Array.from(ids, (id) => WORDS[id]);

test("BERT's pieces, accents and punctuation", () => {
  expect(words(tokenizer.encode('The CÁTS sat, dog!'))).toEqual(['the', 'cat', '##s', 'sat', ',', '[UNK]', '!']);
  expect(tokenizer.decode(tokenizer.encode('the cats sat'))).toBe('the cats sat');
});

test('the tokens around a text come from the configuration, else from the post-processor', () => {
  expect([tokenizer.clsId, tokenizer.sepId, tokenizer.bosId, tokenizer.padId]).toEqual([2, 3, null, 0]);
  const named = wordTokenizer({ cls_token: '[SEP]', sep_token: '[CLS]', pad_token: '[UNK]' });
  expect([named.clsId, named.sepId, named.padId]).toEqual([3, 2, 1]);
});

test('texts side by side, padded on the right and cut', () => {
  const batch = batchTexts(tokenizer, ['the cats', 'mat', ''], { maxLength: 4 });
  expect(batch.shape).toEqual([3, 4]);
  expect(words(batch.inputIds)).toEqual(
    ['[CLS]', 'the', 'cat', '[SEP]', '[CLS]', 'mat', '[SEP]', '[PAD]', '[CLS]', '[SEP]', '[PAD]', '[PAD]'].flat(),
  );
  expect([...batch.attentionMask]).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0]);
});

test('refuses what gives no token, and too little room', () => {
  expect(() => batchTexts(tokenizer, [], { maxLength: 4 })).toThrow('there are no texts');
  const bare = { ...tokenizer, clsId: null, sepId: null };
  expect(() => batchTexts(bare, ['mat', ''], { maxLength: 4 })).toThrow('[peftjs/models] text 1 has no token');
  expect(() => batchTexts(tokenizer, ['mat'], { maxLength: 2 })).toThrow(
    '[peftjs/models] maxLength is 2; give a whole number of tokens, 3 or more',
  );
});
