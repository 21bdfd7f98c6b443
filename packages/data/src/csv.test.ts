import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Example } from './example.ts';
import { type ReadOptions, readExamples } from './read-examples.ts';

async function read(text: string, options?: ReadOptions): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const example of readExamples({ name: 'a.csv', text }, options)) examples.push(example);
  return examples;
}

it('reads quoted cells with separators, quotes and line breaks, and counts lines through them', async () => {
  const text = 'prompt,completion\r\n"a, ""b""","c\r\nd"\r\n\r\ne,f\r\n';
  expect(await read(text)).toEqual([
    { kind: 'completion', prompt: 'a, "b"', completion: 'c\r\nd', origin: 'a.csv:2' },
    { kind: 'completion', prompt: 'e', completion: 'f', origin: 'a.csv:5' },
  ]);
});

it.each([',', ';', '\t', '|'])('finds the separator %j', async (mark) => {
  expect(await read(`prompt${mark}completion\na${mark}b`)).toMatchObject([{ prompt: 'a', completion: 'b' }]);
});

it('reads a conversation from JSON in a cell', async () => {
  const messages = [{ role: 'assistant', content: 'a "quoted" word' }];
  const cell = `"${JSON.stringify(messages).replaceAll('"', '""')}"`;
  expect(await read(`messages\n${cell}\n`)).toMatchObject([{ kind: 'messages', messages }]);
  await expect(read('messages\nhello\n')).rejects.toThrow(/a\.csv:2: "messages" does not parse as JSON/);
});

it.each<[string, string, RegExp]>([
  ['a column of an unknown name', 'txt\na', /a\.csv:1 has the unknown field "txt"; nearest: "text"/],
  ['a row that is too long', 'prompt,completion\na,b\na,b,c', /a\.csv:3 has 3 cells, the header has 2/],
  ['an open quote', 'text\na\n"b\nc', /a\.csv:3 does not parse: Quoted field unterminated/],
  ['a stray quote', 'text\n"a"b\nc', /a\.csv:2 does not parse: Trailing quote/],
  ['a column given twice', 'text,text\na,b', /a\.csv:1 names the column "text" twice/],
  ['a header alone', 'text\n', /a\.csv holds no example/],
])('refuses %s', async (_, text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});

it('passes over other columns on request', async () => {
  expect(await read('id,body\n1,a', { fields: { text: 'body' }, ignoreOthers: true })).toMatchObject([{ text: 'a' }]);
});

it('reads back what was written, over chunks and with a row longer than one', async () => {
  const long = 'x,"\n'.repeat(700_000);
  const texts = [...Array.from({ length: 9 }, (_, i) => 'ab,"\r\n'.repeat(40_000 + i)), long, 'end'];
  const written = `text\n${texts.map((text) => `"${text.replaceAll('"', '""')}"`).join('\n')}\n`;
  const examples = await read(written);
  expect(
    examples.map((example) => example.kind === 'text' && example.text === texts[examples.indexOf(example)]),
  ).toEqual(texts.map(() => true));
});

it('reads back any cells', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ';', ' ', 'é'), minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 6 }), async (rows) => {
      const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
      const body = rows.map((row) => row.map(quoted).join(',')).join('\n');
      const examples = await read(`prompt,completion\n${body}`);
      expect(examples.map((e) => e.kind === 'completion' && [e.prompt, e.completion])).toEqual(rows);
    }),
    { seed: 7 },
  );
});
