/** JSON Lines as mlx-lm takes it: one object a line, `{"text"}`, `{"prompt","completion"}` or `{"messages"}`. */
import type { DataFormat } from './data-format.ts';
import { exampleFromRecord } from './example-from-record.ts';
import { textLines } from './text-chunks.ts';

/** JSON Lines. Blank lines are passed over. */
export const jsonl: DataFormat = {
  name: 'jsonl',
  extensions: ['jsonl', 'ndjson', 'json'],
  async *read(file, options) {
    for await (const { number, text } of textLines(file)) {
      if (text.trim() === '') continue;
      const origin = `${file.name}:${number}`;
      const example = exampleFromRecord(parseLine(text, origin), origin, options);
      if (example !== null) yield example;
    }
  },
};

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
