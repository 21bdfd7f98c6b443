// Work that ends in the middle, on a disk: what was there stays, and nothing lies beside it.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskFolder, memoryFolder } from '@peftjs/checkpoint';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pair } from '../test/models.ts';
import { apply, undo } from './apply.ts';
import { diff } from './diff.ts';
import type { DeltaProgress } from './progress.ts';
import { verify } from './verify.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'peftjs-delta-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const { base, tuned } = pair();
const delta = memoryFolder();
await diff(base, tuned, delta);

type OnProgress = (progress: DeltaProgress) => void;
const WORK: readonly (readonly [string, (out: string, onProgress: OnProgress) => Promise<unknown>])[] = [
  ['diff', (out, onProgress) => diff(base, tuned, out, { onProgress, shardBytes: 100 })],
  ['apply', (out, onProgress) => apply(base, delta, out, { onProgress })],
  ['undo', (out, onProgress) => undo(tuned, delta, out, { onProgress })],
];

test.for(WORK)('%s leaves nothing wherever it ends, and the old content where there was some', async ([name, work]) => {
  let steps = 0;
  await work(join(root, name), () => {
    steps += 1;
  });
  const before = readdirSync(join(root, name)).sort();
  expect(steps).toBeGreaterThan(8);
  for (const out of [name, `${name}-new`]) {
    for (let end = 1; end <= steps; end++) {
      let at = 0;
      const stop = () => {
        at += 1;
        if (at === end) throw new RangeError('ended');
      };
      await expect(work(join(root, out), stop)).rejects.toThrow('ended');
    }
  }
  expect(readdirSync(join(root, name)).sort()).toEqual(before);
  expect(readdirSync(root).filter((one) => one.includes(name))).toEqual([name]);
});

test('a delta on a disk is whole', async () => {
  const out = join(root, 'whole');
  await diff(base, tuned, out, { shardBytes: 100 });
  expect(readdirSync(out).length).toBeGreaterThan(3);
  await verify(out, { base });
  expect([...(await diskFolder(out).list())].sort()).toEqual(readdirSync(out).sort());
});
