import { expect, it } from 'vitest';
import { createBatches } from './batches.ts';
import { digest } from './digest.ts';
import type { Example } from './example.ts';
import type { RecordOptions } from './example-from-record.ts';
import { readExamples } from './read-examples.ts';
import { tokenizeExamples } from './tokenize-examples.ts';
import type { Tokenizer } from './tokenizer.ts';

const tokenizer: Tokenizer = { encode: (text) => [...text].map((c) => c.codePointAt(0)!), bosId: 1, eosId: 2 };

async function read(name: string, text: string, options: RecordOptions = { fields: { task: 'task' } }) {
  const examples: Example[] = [];
  for await (const example of readExamples({ name, text }, options)) examples.push(example);
  return examples;
}

const LINES = '{"text":"ab","task":2}\n{"prompt":"a","completion":"b","task":0}';

it('reads the number of the task beside every kind, from JSON and from cells of text', async () => {
  expect(await read('a.jsonl', LINES)).toMatchObject([
    { kind: 'text', text: 'ab', task: 2 },
    { kind: 'completion', task: 0 },
  ]);
  expect(await read('a.csv', 'kind,text\n1,ab', { fields: { task: 'kind' } })).toMatchObject([{ text: 'ab', task: 1 }]);
});

it('leaves a column of that name alone unless it is asked for', async () => {
  await expect(read('a.jsonl', LINES, {})).rejects.toThrow('a.jsonl:1 has the unknown field "task"');
  const [example] = await read('a.jsonl', '{"text":"ab","task":"poems"}', { ignoreOthers: true });
  expect(example).not.toHaveProperty('task');
});

it.each([
  ['{"text":"ab"}', 'a.jsonl:1 has no "task", the number of its task'],
  ['{"text":"ab","task":"poems"}', 'a.jsonl:1: "task" is "poems"; number the tasks, from 0'],
  ['{"text":"ab","task":-1}', '"task" is -1; number the tasks, from 0'],
  ['{"text":"ab","task":""}', '"task" is ""; number'],
  ['{"text":"ab","task":null}', '"task" is null; number'],
  ['{"text":"ab","task":true}', '"task" is a boolean; number'],
])('refuses %s', async (line, message) => {
  await expect(read('a.jsonl', line)).rejects.toThrow(message);
});

it('keeps the task through cutting and batching', async () => {
  const options = { maxLength: 3, chunk: 3, truncate: true };
  const sequences = await tokenizeExamples(await read('a.jsonl', LINES), tokenizer, options);
  expect(sequences.map(({ ids, task }) => [ids.length, task])).toEqual([
    [3, 2],
    [3, 0],
  ]);
  const batches = (of: typeof sequences) => createBatches(of, { batchSize: 2, padId: 0, shuffle: false });
  expect(batches(sequences).get(0, 0).tasks).toEqual(Int32Array.of(2, 0));
  const [first, { task: _, ...second }] = sequences as [(typeof sequences)[0], (typeof sequences)[0]];
  expect(batches([second]).get(0, 0)).not.toHaveProperty('tasks');
  expect(() => batches([first, second])).toThrow('1 of 2 sequences have a task; give one to all of them, or to none');
  await expect(
    tokenizeExamples(await read('a.jsonl', LINES), tokenizer, { maxLength: 9, packing: true }),
  ).rejects.toThrow('packing joins sequences, and these have a task each');
});

it('counts tasks in the digest, and nothing where there are none', async () => {
  const text = (task?: number): Example => ({ kind: 'text', text: 'ab', ...(task !== undefined && { task }) });
  const [none, zero, one] = await Promise.all([text(), text(0), text(1)].map((example) => digest([example])));
  expect(new Set([none, zero, one]).size).toBe(3);
});
