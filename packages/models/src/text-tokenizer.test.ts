import { describe, expect, test } from 'vitest';
import { createTokenizer } from './text-tokenizer.ts';

const pieces = ['<pad>', '<s>', '</s>', 'a', 'b', 'c', 'ab', ' ', '<|im_end|>'];
const special = (content: string) => ({
  id: pieces.indexOf(content),
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});
const TOKENIZER = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: ['<pad>', '<s>', '</s>', '<|im_end|>'].map(special),
  normalizer: null,
  pre_tokenizer: null,
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
  },
  decoder: { type: 'Fuse' },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(pieces.map((piece, i) => [piece, i])),
    merges: [['a', 'b']],
  },
};
const NAMES = { bos_token: '<s>', eos_token: '</s>', pad_token: '<pad>' };
const TEMPLATE =
  "{{ bos_token }}{% for m in messages %}{{ m['role'] }}:{{ m['content'] }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";
const MESSAGES = [
  { role: 'user', content: 'ab' },
  { role: 'assistant', content: 'c' },
];

test('adds no token of its own, and leaves special ones out of the text', () => {
  const tokenizer = createTokenizer(TOKENIZER, NAMES);
  expect(tokenizer.encode('abcb')).toEqual([6, 5, 4]);
  expect(tokenizer.encode('')).toEqual([]);
  expect(tokenizer.encode('a</s>')).toEqual([3, 2]);
  expect(tokenizer.decode([1, 6, 5, 2, 0])).toBe('abc');
  expect(tokenizer.decode([])).toBe('');
  expect(tokenizer.vocab).toBe(pieces.length);
});

describe('special tokens', () => {
  const ids = (config: Readonly<Record<string, unknown>>) => {
    const { bosId, eosId, padId } = createTokenizer(TOKENIZER, config);
    return [bosId, eosId, padId];
  };
  test('are named in tokenizer_config.json, as text or as records', () => {
    expect(ids(NAMES)).toEqual([1, 2, 0]);
    expect(ids({ ...NAMES, eos_token: special('<|im_end|>') })).toEqual([1, 8, 0]);
  });
  test('may be missing: padding falls back on the end token, then on 0', () => {
    expect(ids({ eos_token: '</s>', pad_token: null })).toEqual([null, 2, 2]);
    expect(ids({})).toEqual([null, null, 0]);
    expect(ids({ bos_token: '<bos>' })).toEqual([null, null, 0]);
  });
});

describe('the chat template', () => {
  test('is rendered with the special tokens, and the turn to come if asked', () => {
    const tokenizer = createTokenizer(TOKENIZER, { ...NAMES, chat_template: TEMPLATE });
    expect(tokenizer.applyChatTemplate(MESSAGES)).toBe('<s>user:ab</s>assistant:c</s>');
    expect(tokenizer.applyChatTemplate(MESSAGES.slice(0, 1), { addGenerationPrompt: true })).toBe(
      '<s>user:ab</s>assistant:',
    );
  });
  test('is the default one of several', () => {
    const chat_template = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: TEMPLATE },
    ];
    const tokenizer = createTokenizer(TOKENIZER, { ...NAMES, chat_template });
    expect(tokenizer.applyChatTemplate(MESSAGES)).toBe('<s>user:ab</s>assistant:c</s>');
  });
  test('may be missing, which is an error that says what to do', () => {
    for (const config of [NAMES, { ...NAMES, chat_template: null }, { ...NAMES, chat_template: [] }]) {
      const tokenizer = createTokenizer(TOKENIZER, config);
      expect(() => tokenizer.applyChatTemplate(MESSAGES)).toThrow(
        '[peftjs/models] this model has no chat template; use prompt and completion, or text',
      );
    }
  });
});
