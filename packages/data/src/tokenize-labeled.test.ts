import { expect, it } from 'vitest';
import type { LabeledExample } from './labeled-example.ts';
import { labelNames } from './labels.ts';
import { tokenizeLabeled } from './tokenize-labeled.ts';
import type { Tokenizer } from './tokenizer.ts';

const encode = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0) - 96);
const bert: Tokenizer = { encode, clsId: 101, sepId: 102, bosId: null, eosId: null };
const labels = ['ham', 'spam'];
const example = (text: string, label: string | number, origin?: string): LabeledExample => ({
  kind: 'labeled',
  text,
  label,
  ...(origin !== undefined && { origin }),
});

it('puts the text between the special tokens that the tokenizer has', async () => {
  const examples = [example('ab', 'spam'), example('', 'ham')];
  expect(await tokenizeLabeled(examples, bert, { labels, maxLength: 8 })).toEqual([
    { ids: Int32Array.of(101, 1, 2, 102), label: 1 },
    { ids: Int32Array.of(101, 102), label: 0 },
  ]);
  const llama: Tokenizer = { encode, bosId: 50, eosId: 51 };
  expect(await tokenizeLabeled([example('ab', 'ham')], llama, { labels, maxLength: 3 })).toEqual([
    { ids: Int32Array.of(50, 1, 2), label: 0 },
  ]);
  expect(await tokenizeLabeled([example('ab', 'ham')], { encode }, { labels, maxLength: 2 })).toEqual([
    { ids: Int32Array.of(1, 2), label: 0 },
  ]);
});

it('cuts the text and not what stands around it, on request', async () => {
  const long = [example('abcdef', 'ham', 'mails.csv:7')];
  const [cut] = await tokenizeLabeled(long, bert, { labels, maxLength: 5, truncate: true });
  expect(cut!.ids).toEqual(Int32Array.of(101, 1, 2, 3, 102));
  await expect(tokenizeLabeled(long, bert, { labels, maxLength: 5 })).rejects.toThrow(
    'mails.csv:7 is 8 tokens long, and at most 5 fit: shorten it, or set `truncate`',
  );
  expect(await tokenizeLabeled(long, bert, { labels, maxLength: 8 })).toHaveLength(1);
});

it('finds the classes, whatever order they come in', () => {
  expect(labelNames([example('', 'spam'), example('', 'ham'), example('', 'spam')])).toEqual(['ham', 'spam']);
  expect(labelNames([example('', 10), example('', '9'), example('', 0)])).toEqual(['0', '9', '10']);
  expect(labelNames([])).toEqual([]);
});

it('takes labels by name first, else by number', async () => {
  const options = { labels: ['spam', 'ham', '0'], maxLength: 8 };
  const examples = [example('a', 'ham'), example('a', 1), example('a', '2'), example('a', 0)];
  const sequences = await tokenizeLabeled(examples, bert, options);
  expect(sequences.map(({ label }) => label)).toEqual([1, 1, 2, 2]);
});

it.each<[string, readonly LabeledExample[], readonly string[], RegExp]>([
  [
    'a label that is not there',
    [example('a', 'spamm', 'a.csv:2')],
    labels,
    /a\.csv:2 has the unknown label "spamm"; nearest: "spam"/,
  ],
  ['a number beyond the labels', [example('a', 2)], labels, /an example has the unknown label "2"; known are "ham"/],
  ['one label', [example('a', 'ham')], ['ham'], /there is one label, "ham": to classify takes two or more/],
  ['a label given twice', [example('a', 'ham')], ['ham', 'ham'], /the label "ham" is given twice/],
  ['nothing', [], labels, /there are no examples/],
])('refuses %s', async (_, examples, names, message) => {
  await expect(tokenizeLabeled(examples, bert, { labels: names, maxLength: 8 })).rejects.toThrow(message);
});

it('refuses lengths without room for a token, and a text without any', async () => {
  const one = [example('a', 'ham')];
  await expect(tokenizeLabeled(one, bert, { labels, maxLength: 2 })).rejects.toThrow(/maxLength is 2: .*, 3 or more/);
  await expect(tokenizeLabeled(one, bert, { labels, maxLength: 4.5 })).rejects.toThrow(/maxLength is 4\.5/);
  const empty = [example('', 'ham', 'b.csv:3')];
  await expect(tokenizeLabeled(empty, { encode }, { labels, maxLength: 4 })).rejects.toThrow(/b\.csv:3 is empty/);
});
