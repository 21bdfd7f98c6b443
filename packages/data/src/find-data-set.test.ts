import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findDataSet } from './find-data-set.ts';

let root: string;
async function folder(name: string, ...files: string[]): Promise<string> {
  const path = join(root, name);
  await mkdir(path);
  for (const file of files) await writeFile(join(path, file), '{"text":"a"}');
  return path;
}
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'peftjs-data-'));
});
afterAll(() => rm(root, { recursive: true }));

it('finds the three files, also under the names that other libraries use', async () => {
  const path = await folder('full', 'train.jsonl', 'validation.parquet', 'test.csv', 'README.md');
  expect(await findDataSet(path)).toEqual({
    train: join(path, 'train.jsonl'),
    valid: join(path, 'validation.parquet'),
    test: join(path, 'test.csv'),
  });
});

it('takes a single file as what to train on', async () => {
  const path = join(await folder('single', 'notes.txt'), 'notes.txt');
  expect(await findDataSet(path)).toEqual({ train: path, valid: null, test: null });
});

it('finds files that a browser gives', async () => {
  const [train, valid] = [new File(['a'], 'train.txt'), new File(['b'], 'valid.txt')];
  expect(await findDataSet([valid, train])).toEqual({ train, valid, test: null });
});

it('says what is there where train is missing or given twice', async () => {
  await expect(findDataSet(await folder('typo', 'tran.jsonl', 'x.bin'))).rejects.toThrow(
    /has no train\.jsonl .*it holds .*nearest: tran\.jsonl/,
  );
  await expect(findDataSet(await folder('none'))).rejects.toThrow(/it is empty/);
  await expect(findDataSet(await folder('two', 'train.csv', 'train.jsonl'))).rejects.toThrow(
    /has train\.csv and train\.jsonl: keep one/,
  );
});
