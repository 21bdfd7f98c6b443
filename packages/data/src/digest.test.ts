import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { digest } from './digest.ts';
import { readExamples } from './read-examples.ts';

it('is the SHA-256 of canonical JSON Lines', async () => {
  const text = '{"text":"é"}\n{"prompt":"a","completion":"b"}\n{"messages":[{"role":"user","content":"c"}]}\n';
  const expected = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  expect(await digest(readExamples({ name: 'a.jsonl', text }))).toBe(expected);
  const spaced = text
    .replaceAll(':', ' : ')
    .replace('{"prompt" : "a","completion" : "b"}', '\n{ "completion":"b","prompt":"a" }');
  expect(await digest(readExamples({ name: 'b.jsonl', text: spaced }))).toBe(expected);
  expect(await digest(readExamples({ name: 'a.jsonl', text: text.replace('é', 'e') }))).not.toBe(expected);
});

it('sees the order', async () => {
  const [a, b] = [{ kind: 'text', text: 'a' } as const, { kind: 'text', text: 'b' } as const];
  expect(await digest([a, b])).not.toBe(await digest([b, a]));
});
