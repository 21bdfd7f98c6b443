import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import type { DataSource } from './data-file.ts';
import { digest } from './digest.ts';
import type { LabeledExample } from './labeled-example.ts';
import { type LabeledOptions, readLabeled } from './read-labeled.ts';

async function read(source: DataSource, options?: LabeledOptions): Promise<LabeledExample[]> {
  const examples: LabeledExample[] = [];
  for await (const example of readLabeled(source, options)) examples.push(example);
  return examples;
}

const jsonl = (...records: object[]): DataSource => ({
  name: 'a.jsonl',
  text: records.map((record) => JSON.stringify(record)).join('\n'),
});

describe('the same examples', () => {
  const expected = [
    { kind: 'labeled', text: 'Buy, now!', label: 'spam' },
    { kind: 'labeled', text: '', label: 'ham' },
  ];

  it('from JSON Lines, with the lines they stand in', async () => {
    const examples = await read(jsonl({ text: 'Buy, now!', label: 'spam' }, { label: 'ham', text: '' }));
    expect(examples).toEqual([
      { ...expected[0], origin: 'a.jsonl:1' },
      { ...expected[1], origin: 'a.jsonl:2' },
    ]);
  });

  it('from CSV', async () => {
    expect(await read({ name: 'a.csv', text: 'label,text\nspam,"Buy, now!"\nham,\n' })).toEqual([
      { ...expected[0], origin: 'a.csv:2' },
      { ...expected[1], origin: 'a.csv:3' },
    ]);
  });

  it('from parquet, where numbers are 64 bits wide', async () => {
    const columnData = [
      { name: 'text', data: ['Buy, now!', ''], type: 'STRING' as const },
      { name: 'label', data: [1n, 0n], type: 'INT64' as const },
    ];
    expect(await read(new File([parquetWriteBuffer({ columnData })], 'a.parquet'))).toEqual([
      { ...expected[0], label: 1, origin: 'a.parquet row 1' },
      { ...expected[1], label: 0, origin: 'a.parquet row 2' },
    ]);
  });
});

it('digests what examples say, whatever file they came from', async () => {
  const fromCsv = await digest(readLabeled({ name: 'a.csv', text: 'text,label\na,1\n' }));
  expect(await digest(readLabeled(jsonl({ label: 1, text: 'a' })))).toBe(fromCsv);
  expect(await digest(readLabeled(jsonl({ label: 0, text: 'a' })))).not.toBe(fromCsv);
});

it('reads fields of other names, and passes over others on request', async () => {
  const source = jsonl({ id: 7, body: 'a', class: 3 });
  const fields = { text: 'body', label: 'class' };
  expect(await read(source, { fields, ignoreOthers: true })).toMatchObject([{ text: 'a', label: 3 }]);
  await expect(read(source, { fields })).rejects.toThrow(
    /a\.jsonl:1 has the unknown field "id"; known are "body", "cl/,
  );
});

it.each<[string, DataSource, RegExp]>([
  ['a misspelt field', jsonl({ text: 'a', lable: 1 }), /a\.jsonl:1 has the unknown field "lable"; nearest: "label"/],
  ['no label', jsonl({ text: 'a' }), /a\.jsonl:1 has "text" and no "label": a labeled example is a text and a label/],
  ['no fields', jsonl({}), /a\.jsonl:1 has no fields and no "text"/],
  ['a text that is none', jsonl({ text: 1, label: 1 }), /a\.jsonl:1: "text" is a number, not text/],
  ['half a class', jsonl({ text: 'a', label: 0.5 }), /a\.jsonl:1: "label" is 0\.5: a label is text or a whole number/],
  ['a class below 0', jsonl({ text: 'a', label: -1 }), /"label" is -1/],
  ['no class', jsonl({ text: 'a', label: null }), /"label" is null/],
  ['an empty class', { name: 'a.csv', text: 'text,label\na,\n' }, /a\.csv:2: "label" is empty/],
  ['a column too few', { name: 'a.csv', text: 'text\na\n' }, /a\.csv:1 has "text" and no "label"/],
  [
    'text without fields',
    { name: 'a.txt', text: 'a' },
    /a\.txt is read as text, which has no place for a label: use j/,
  ],
  ['an empty file', { name: 'a.jsonl', text: '' }, /a\.jsonl holds no example \(0 bytes\)/],
])('refuses %s', async (_, source, message) => {
  await expect(read(source)).rejects.toThrow(message);
});
