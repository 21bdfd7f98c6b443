import { memorySource } from '@peftjs/safetensors';
import { expect, test } from 'vitest';
import { goldenFile } from '../../../gguf/test/golden-file.ts';
import { type Typed, writeGguf } from '../../../gguf/test/write-gguf.ts';
import { LLAMA } from '../../test/gguf-llama.ts';
import { openTokenizer } from '../load-model.ts';
import { ggufFolder } from './gguf-folder.ts';

interface Text {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}

const golden = await goldenFile('sentencepiece.gguf');
const told = await goldenFile('sentencepiece.json');
const { texts } = JSON.parse(new TextDecoder().decode(await told.read(0, told.size))) as { texts: readonly Text[] };
const tokenizer = await openTokenizer(await ggufFolder(golden));

test.each(texts)('$text has the tokens of the package tokenizers', ({ text, ids, decoded }) => {
  expect(tokenizer?.encode(text)).toEqual(ids);
  expect(tokenizer?.decode(ids)).toBe(decoded);
});

test('a text begins with a token of its own unless the file says otherwise', () => {
  expect([tokenizer?.bosId, tokenizer?.eosId, tokenizer?.vocab]).toEqual([1, 2, 600]);
});

const FILE: Readonly<Record<string, Typed>> = {
  ...LLAMA,
  'llama.vocab_size': ['u32', 6],
  'tokenizer.ggml.model': ['string', 'llama'],
  'tokenizer.ggml.tokens': ['array', 'string', ['<unk>', 'a', 'b', 'c', 'ab', 'bc']],
  'tokenizer.ggml.token_type': ['array', 'i32', [2, 1, 1, 1, 1, 1]],
};
const opened = async (more: Readonly<Record<string, Typed>>) =>
  openTokenizer(await ggufFolder(memorySource('a.gguf', writeGguf({ ...FILE, ...more }))));

test('the piece of the higher score is made first; no space is put before a text where the file says so', async () => {
  const scored = (ab: number, bc: number) =>
    opened({
      'tokenizer.ggml.scores': ['array', 'i32', [0, 0, 0, 0, ab, bc]],
      'tokenizer.ggml.add_space_prefix': ['bool', false],
    });
  expect((await scored(-1, -2))?.encode('abc')).toEqual([4, 3]);
  expect((await scored(-2, -1))?.encode('abc')).toEqual([1, 5]);
});

test('a file without scores is refused, naming the key', async () => {
  await expect(opened({})).rejects.toThrow('[peftjs/models] a.gguf has no key "tokenizer.ggml.scores"');
});
