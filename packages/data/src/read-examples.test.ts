import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DataSource } from './data-file.ts';
import type { Example } from './example.ts';
import { lines, paragraphs, plainText } from './plain-text.ts';
import { formatNamed, type ReadOptions, readExamples } from './read-examples.ts';

async function all(source: DataSource, options?: ReadOptions): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const example of readExamples(source, options)) examples.push(example);
  return examples;
}

const memory = (name: string, text: string): DataSource => ({ name, text });
const record = (value: object): DataSource => memory('train.jsonl', JSON.stringify(value));

describe('jsonl', () => {
  it('reads the three kinds, mixed, and says where each stands', async () => {
    const text = [
      '{"text":"Call me Ishmael."}',
      '',
      '{"prompt":"1+1=","completion":"2"}\r',
      '{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}',
    ].join('\n');
    expect(await all(memory('train.jsonl', text))).toEqual([
      { kind: 'text', text: 'Call me Ishmael.', origin: 'train.jsonl:1' },
      { kind: 'completion', prompt: '1+1=', completion: '2', origin: 'train.jsonl:3' },
      {
        kind: 'messages',
        messages: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'ho' },
        ],
        origin: 'train.jsonl:4',
      },
    ]);
  });

  it('names the line that does not parse, after giving those before it', async () => {
    const reader = readExamples(memory('train.jsonl', '{"text":"a"}\n\n{"text": b}\n'));
    expect((await reader.next()).value).toMatchObject({ text: 'a' });
    await expect(reader.next()).rejects.toThrow(/^\[peftjs\/data\] train\.jsonl:3 does not parse: /);
  });

  it('reads lines across chunks of a file larger than one', async () => {
    const texts = Array.from({ length: 3000 }, (_, i) => `${i} ${'é'.repeat(i % 701)}`);
    const read = await all(memory('big.jsonl', texts.map((text) => JSON.stringify({ text })).join('\n')));
    expect(read.map((example) => example.kind === 'text' && example.text)).toEqual(texts);
    expect(read.at(-1)!.origin).toBe('big.jsonl:3000');
  });

  it.each<[string, object, RegExp]>([
    ['an unknown field', { text: 'a', promt: 'b' }, /train\.jsonl:1 has the unknown field "promt"; nearest: "prompt"/],
    ['a foreign field', { text: 'a', provenance: 1 }, /unknown field "provenance"; known are "text", "prompt"/],
    ['half a completion', { prompt: 'a' }, /train\.jsonl:1 has "prompt" but no "completion"/],
    ['two kinds', { text: 'a', prompt: 'b', completion: 'c' }, /has both "text" and "prompt"/],
    ['no field', {}, /train\.jsonl:1 has no fields/],
    ['a number', { text: 3 }, /train\.jsonl:1: "text" is a number, not text/],
    ['an empty completion', { prompt: 'a', completion: '' }, /"completion" is empty/],
    ['an empty conversation', { messages: [] }, /"messages" is an empty list/],
    [
      'a wrong role',
      { messages: [{ role: 'asistant', content: '' }] },
      /"messages"\[0\] has the role "asistant"; nearest: "assistant"/,
    ],
    [
      'a call of a tool',
      { messages: [{ role: 'user', content: 'a', tool_calls: [] }] },
      /unknown field "tool_calls"; a message is/,
    ],
    ['no content', { messages: [{ role: 'user', content: null }] }, /"messages"\[0\]\.content is null/],
    ['a list', [{ text: 'a' }], /train\.jsonl:1 is not an object/],
  ])('refuses %s', async (_, value, message) => {
    await expect(all(record(value))).rejects.toThrow(message);
  });

  it('says what to do with a list spread over lines', async () => {
    await expect(all(memory('a.json', '[\n{"text":"a"}\n]'))).rejects.toThrow(
      /a\.json:1 does not parse: .*one object on each/,
    );
  });

  it('reads fields under other names, and passes over others on request', async () => {
    const source = record({ question: 'q', answer: 'a', id: 7 });
    const fields = { prompt: 'question', completion: 'answer' };
    await expect(all(source, { fields })).rejects.toThrow(/unknown field "id"/);
    expect(await all(source, { fields, ignoreOthers: true })).toMatchObject([{ prompt: 'q', completion: 'a' }]);
  });
});

describe('plain text', () => {
  const text = 'One\nmore.\n\n \nTwo.\r\n\nThree.';
  it('is one example, its paragraphs, or its lines', async () => {
    expect(await all(memory('notes.txt', text))).toEqual([{ kind: 'text', text, origin: 'notes.txt' }]);
    expect(await all(memory('notes.txt', text), { format: paragraphs })).toMatchObject([
      { text: 'One\nmore.', origin: 'notes.txt:1' },
      { text: 'Two.', origin: 'notes.txt:5' },
      { text: 'Three.', origin: 'notes.txt:7' },
    ]);
    const found = await all(memory('notes.txt', text), { format: lines });
    expect(found.map(({ origin }) => origin)).toEqual(['notes.txt:1', 'notes.txt:2', 'notes.txt:5', 'notes.txt:7']);
  });

  it('refuses what is not UTF-8', async () => {
    const file = new File([new Uint8Array([0x61, 0xff, 0x62])], 'latin.txt');
    await expect(all(file)).rejects.toThrow(/latin\.txt is not UTF-8/);
  });

  it('keeps a character that is cut by the end of a chunk', async () => {
    const long = `${'a'.repeat((1 << 20) - 1)}€`;
    expect(await all(memory('a.txt', long))).toMatchObject([{ text: long }]);
  });
});

describe('a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peftjs-data-'));
    await writeFile(join(folder, 'train.jsonl'), '\uFEFF{"text":"from disk"}\n');
    await writeFile(join(folder, 'empty.jsonl'), '\n\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is read by its path, a byte order mark left out', async () => {
    expect(await all(join(folder, 'train.jsonl'))).toMatchObject([{ text: 'from disk' }]);
  });
  it('is named when it holds nothing', async () => {
    await expect(all(join(folder, 'empty.jsonl'))).rejects.toThrow(/empty\.jsonl holds no example \(2 bytes\)/);
  });
  it('that is missing gives the nearest name', async () => {
    await expect(all(join(folder, 'trian.jsonl'))).rejects.toThrow(
      /trian\.jsonl is not there; nearest: .*train\.jsonl$/,
    );
    await expect(all(join(folder, 'no', 'a.jsonl'))).rejects.toThrow(/neither is its folder/);
    await expect(all(folder)).rejects.toThrow(/is a folder/);
    await expect(all('/dev/null')).rejects.toThrow(/is a pipe or a device/);
  });
  afterEach(() => void vi.unstubAllGlobals());
  it('given by its path where there are none says what to pass', async () => {
    vi.stubGlobal('process', { env: {} });
    await expect(all('train.jsonl')).rejects.toThrow(/"train\.jsonl" is a path, .*: pass a File, a Blob or/);
    expect(await all(new File(['{"text":"a"}'], 'train.jsonl'))).toMatchObject([{ text: 'a' }]);
  });
  it('of an unknown ending names the nearest, and is read as what it is said to be', async () => {
    await expect(all(memory('train.jsnl', ''))).rejects.toThrow(/nearest: "\.jsonl"/);
    await expect(all(new Blob(['a']))).rejects.toThrow(
      /data has an ending that names no format\. Pass `format`: jsonl, /,
    );
    expect(await all(new Blob(['a']), { format: plainText })).toMatchObject([{ text: 'a' }]);
  });
});

it('finds a format by its name', () => {
  expect(formatNamed('paragraphs')).toBe(paragraphs);
  expect(() => formatNamed('parquett')).toThrow(/nearest: "parquet"/);
});
