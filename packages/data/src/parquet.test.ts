import { fileURLToPath } from 'node:url';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import type { DataSource } from './data-file.ts';
import type { Example } from './example.ts';
import { type ReadOptions, readExamples } from './read-examples.ts';

async function read(source: DataSource, options?: ReadOptions): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const example of readExamples(source, options)) examples.push(example);
  return examples;
}

const table = (columns: Record<string, (string | null)[]>, rowGroupSize?: number): File => {
  const columnData = Object.entries(columns).map(([name, data]) => ({
    name,
    data,
    type: 'STRING' as const,
    nullable: true,
  }));
  return new File([parquetWriteBuffer({ columnData, ...(rowGroupSize && { rowGroupSize }) })], 'a.parquet');
};

it('reads texts over row groups, with their rows as origins', async () => {
  const text = Array.from({ length: 250 }, (_, i) => `row ${i}`);
  const examples = await read(table({ text }, 100));
  expect(examples.map((e) => e.kind === 'text' && e.text)).toEqual(text);
  expect(examples[249]!.origin).toBe('a.parquet row 250');
});

it('reads conversations that Python wrote, compressed with zstd', async () => {
  const examples = await read(fileURLToPath(new URL('../test/fixtures/conversations.parquet', import.meta.url)));
  expect(examples).toHaveLength(3);
  expect(examples[0]).toEqual({
    kind: 'messages',
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Höllo' },
    ],
    origin: 'conversations.parquet row 1',
  });
  expect(examples[2]!.origin).toBe('conversations.parquet row 3');
});

it('refuses further columns unless told to pass over them, and passes over empty texts', async () => {
  const source = table({ body: ['a', '', 'c'], id: ['1', '2', '3'] });
  const fields = { text: 'body' };
  await expect(read(source, { fields })).rejects.toThrow(/a\.parquet has the unknown field "id"/);
  expect(await read(source, { fields, ignoreOthers: true })).toMatchObject([{ text: 'a' }, { text: 'c' }]);
});

it('names the row with no value and the file that is none', async () => {
  await expect(read(table({ text: ['a', null] }))).rejects.toThrow(/a\.parquet row 2: "text" is null/);
  await expect(read({ name: 'b.parquet', text: 'no parquet at all' })).rejects.toThrow(
    /b\.parquet does not read as parquet/,
  );
  const whole = await table({ text: ['abc', 'def'] }).arrayBuffer();
  const cut = new File([whole.slice(0, 40)], 'cut.parquet');
  await expect(read(cut)).rejects.toThrow(/cut\.parquet does not read as parquet/);
});
