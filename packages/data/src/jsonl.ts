/** JSON Lines as mlx-lm takes it: one object a line, `{"text"}`, `{"prompt","completion"}` or `{"messages"}`; `{"text","label"}` to classify. */
import type { DataFile } from './data-file.ts';
import type { DataFormat } from './data-format.ts';
import { exampleReader } from './example-from-record.ts';
import type { RecordReader } from './record-reader.ts';
import { textLines } from './text-chunks.ts';

/** JSON Lines. Blank lines are passed over. */
export const jsonl: DataFormat = {
  name: 'jsonl',
  extensions: ['jsonl', 'ndjson', 'json'],
  read: (file, options) => records(file, exampleReader(options)),
  records,
};

async function* records<T>(file: DataFile, reader: RecordReader<T>): AsyncGenerator<T, void, undefined> {
  for await (const { number, text } of textLines(file)) {
    if (text.trim() === '') continue;
    const origin = `${file.name}:${number}`;
    const read = reader.read(parseLine(text, origin), origin);
    if (read !== null) yield read;
  }
}

function parseLine(line: string, origin: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    const advice = line.trimStart().startsWith('[') ? '. A list is no JSON Lines: put one object on each line' : '';
    throw new Error(`[peftjs/data] ${origin} does not parse: ${(cause as Error).message}${advice}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`[peftjs/data] ${origin} is not an object: put one object on each line`);
  }
  return value as Record<string, unknown>;
}
