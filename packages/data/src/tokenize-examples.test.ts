import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Example } from './example.ts';
import { type TokenSequence, targetCount } from './token-sequence.ts';
import { tokenizeExamples } from './tokenize-examples.ts';
import type { Tokenizer } from './tokenizer.ts';

/** One token a character, but a space joins the character after it, as byte-pair encodings do. */
const characters: Tokenizer = {
  encode: (text) =>
    (text.match(/ ?[^ ]| /gs) ?? []).map(
      (piece) => piece.codePointAt(piece.length - 1)! + (piece.length > 1 ? 1000 : 0),
    ),
  bosId: 1,
  eosId: 2,
};
const chat: Tokenizer = {
  ...characters,
  applyChatTemplate: (messages, { addGenerationPrompt = false } = {}) =>
    messages.map(({ role, content }) => `<${role[0]}>${content}/`).join('') + (addGenerationPrompt ? '<a>' : ''),
};

const code = (text: string): number[] => [...text].map((c) => c.codePointAt(0)!);
const shown = ({ ids, labels }: TokenSequence): [number[], number[]] => [[...ids], [...labels]];
/** What is learned, as text, with a dot for each token that is not. */
const learned = ({ labels }: TokenSequence): string =>
  [...labels].map((label) => (label === -100 ? '.' : label === 2 ? '$' : String.fromCodePoint(label % 1000))).join('');

it('puts a text between bos and eos and learns all of it', async () => {
  const [sequence] = await tokenizeExamples([{ kind: 'text', text: 'abc' }], characters, { maxLength: 8 });
  expect(shown(sequence!)).toEqual([
    [1, 97, 98, 99, 2],
    [1, 97, 98, 99, 2],
  ]);
  const [bare] = await tokenizeExamples(
    [{ kind: 'text', text: 'abc' }],
    { encode: code, bosId: null },
    { maxLength: 8 },
  );
  expect([...bare!.ids]).toEqual([97, 98, 99]);
});

it('masks the prompt, whose tokens are those it has alone', async () => {
  const example: Example = { kind: 'completion', prompt: 'ab ', completion: 'cd' };
  const [masked] = await tokenizeExamples([example], characters, { maxLength: 8 });
  expect(shown(masked!)).toEqual([
    [1, 97, 98, 32, 99, 100, 2],
    [-100, -100, -100, -100, 99, 100, 2],
  ]);
  const [open] = await tokenizeExamples([example], characters, { maxLength: 8, maskPrompt: false });
  expect([...open!.labels]).toEqual([...open!.ids]);
});

describe('a conversation', () => {
  const example: Example = {
    kind: 'messages',
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'yo' },
      { role: 'user', content: 'so' },
      { role: 'assistant', content: 'ok' },
    ],
    origin: 'train.jsonl:4',
  };

  it('learns what the assistant says in every turn', async () => {
    const [sequence] = await tokenizeExamples([example], chat, { maxLength: 64 });
    expect(String.fromCodePoint(...sequence!.ids)).toBe('<u>hi/<a>yo/<u>so/<a>ok/');
    expect(learned(sequence!)).toBe('.........yo/.........ok/');
    const [whole] = await tokenizeExamples([example], chat, { maxLength: 64, maskPrompt: false });
    expect(learned(whole!)).toBe('<u>hi/<a>yo/<u>so/<a>ok/');
  });

  it('gives a token over the boundary to what follows', async () => {
    const spaced: Tokenizer = {
      ...chat,
      applyChatTemplate: (messages, { addGenerationPrompt = false } = {}) =>
        messages.map(({ role, content }) => `${role[0]}: ${content}`).join('') + (addGenerationPrompt ? 'a: ' : ''),
    };
    const [sequence] = await tokenizeExamples([{ kind: 'messages', messages: example.messages.slice(0, 2) }], spaced, {
      maxLength: 64,
    });
    expect(learned(sequence!)).toBe('......yo');
  });

  it('needs a template that does not rewrite what went before, and an assistant', async () => {
    await expect(tokenizeExamples([example], characters, { maxLength: 64 })).rejects.toThrow(
      /train\.jsonl:4 is a conversation, and the tokenizer has no chat template/,
    );
    const rewriting: Tokenizer = {
      ...chat,
      applyChatTemplate: (messages) =>
        messages.map(({ content }, i) => (i === messages.length - 1 ? `!${content}` : content)).join(''),
    };
    await expect(tokenizeExamples([example], rewriting, { maxLength: 64 })).rejects.toThrow(
      /train\.jsonl:4: the chat template writes message 2/,
    );
    const alone: Example = { kind: 'messages', messages: [{ role: 'user', content: 'hi' }] };
    await expect(tokenizeExamples([alone], chat, { maxLength: 64 })).rejects.toThrow(/no message of the assistant/);
  });
});

describe('what is longer than the context', () => {
  const text: Example = { kind: 'text', text: 'abcdefgh', origin: 'train.jsonl:17' };
  const completion: Example = { kind: 'completion', prompt: 'abcd', completion: 'efgh', origin: 'train.jsonl:18' };

  it('is an error with its line and length', async () => {
    await expect(tokenizeExamples([text], characters, { maxLength: 6 })).rejects.toThrow(
      '[peftjs/data] train.jsonl:17 is 10 tokens long, and at most 6 fit: set `chunk` to cut it into pieces, or `truncate`',
    );
  });
  it('is cut at its end on request', async () => {
    const [first, second] = await tokenizeExamples([text, completion], characters, { maxLength: 6, truncate: true });
    expect(learned(first!).slice(1)).toBe('abcde');
    expect(learned(second!)).toBe('.....e');
    await expect(tokenizeExamples([completion], characters, { maxLength: 5, truncate: true })).rejects.toThrow(
      /train\.jsonl:18 is 10 tokens long, and its prompt alone fills the 5/,
    );
  });
  it('is cut into chunks, the last one shorter, without one that has nothing to predict', async () => {
    const chunks = await tokenizeExamples([text], characters, { maxLength: 4, chunk: 4 });
    expect(chunks.map((chunk) => [...chunk.ids])).toEqual([[1, ...code('abc')], code('defg'), [...code('h'), 2]]);
    expect(await tokenizeExamples([text], characters, { maxLength: 3, chunk: 3 })).toHaveLength(3);
  });
});

it('refuses wrong lengths and data with nothing in it', async () => {
  await expect(tokenizeExamples([], characters, { maxLength: 8 })).rejects.toThrow(/nothing to train on/);
  await expect(tokenizeExamples([], characters, { maxLength: 1.5 })).rejects.toThrow(/maxLength is 1\.5/);
  await expect(tokenizeExamples([], characters, { maxLength: 8, chunk: 9 })).rejects.toThrow(/chunk is 9: .* 2 to 8/);
  await expect(tokenizeExamples([], { encode: code }, { maxLength: 8, packing: true })).rejects.toThrow(/eosId/);
});

describe('packing', () => {
  it('fills windows in order, with one eos between', async () => {
    const examples: Example[] = ['ab', 'c', 'defg', 'hi'].map((text) => ({ kind: 'text', text }));
    const windows = await tokenizeExamples(examples, characters, { maxLength: 9, packing: true });
    expect(windows.map((window) => [...window.ids])).toEqual([
      [1, 97, 98, 2, 1, 99, 2],
      [1, ...code('defg'), 2],
      [1, ...code('hi'), 2],
    ]);
    expect(learned(windows[0]!)).toBe('.ab$.c$');
    const unended = await tokenizeExamples(
      [
        { kind: 'messages', messages: [{ role: 'assistant', content: 'x' }] },
        { kind: 'text', text: 'y' },
      ],
      { ...chat, bosId: null },
      { maxLength: 9, packing: true },
    );
    expect([...unended[0]!.ids]).toEqual([...code('<a>x/'), 2, 121, 2]);
    expect(learned(unended[0]!)).toBe('...x/..$');
  });

  it('learns exactly what it learns without, in windows that fit', async () => {
    const example = fc.oneof(
      fc.record({ kind: fc.constant('text' as const), text: fc.string({ maxLength: 9 }) }),
      fc.record({
        kind: fc.constant('completion' as const),
        prompt: fc.string({ maxLength: 4 }),
        completion: fc.string({ maxLength: 4 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(example, { minLength: 1, maxLength: 12 }), async (examples) => {
        const plain = await tokenizeExamples(examples, characters, { maxLength: 11 });
        const packed = await tokenizeExamples(examples, characters, { maxLength: 11, packing: true });
        const targets = (sequences: readonly TokenSequence[]): number[] =>
          sequences.flatMap(({ labels }) => [...labels.subarray(1)].filter((label) => label !== -100));
        expect(targets(packed)).toEqual(targets(plain));
        expect(packed.reduce((sum, window) => sum + targetCount(window), 0)).toBe(targets(plain).length);
        expect(Math.max(...packed.map(({ ids }) => ids.length))).toBeLessThanOrEqual(11);
      }),
      { seed: 7 },
    );
  });
});
