import { opfs, webFolder } from '@peftjs/browser';
import { type FileContent, httpFolder } from '@peftjs/checkpoint';
import { expect, test } from 'vitest';
import { expectGolden } from '../test/golden-suite.ts';

test('a delta on a host makes of a base in OPFS, to OPFS, the bytes that it makes in Node', async () => {
  const answers: number[] = [];
  const fetching: typeof fetch = async (...args) => {
    const response = await fetch(...args);
    answers.push(response.status);
    return response;
  };
  const served = (path: string) => httpFolder(`/${path}`, { ranges: true, fetch: fetching });
  const store = opfs(`test-${crypto.randomUUID()}`);
  const base = webFolder('base', store);
  const files = new Map<string, FileContent>();
  for (const name of ['model.safetensors', 'config.json', 'tokenizer.json', 'old.json']) {
    const file = await served('golden/delta/base').open(name);
    files.set(name, (await file?.read(0, file.size)) as Uint8Array);
  }
  await base.replace(files);
  await expectGolden(base, served, webFolder('tuned', store));
  // It is neither signed nor told of: two files that are not there.
  expect(new Set(answers)).toEqual(new Set([206, 404]));
});
