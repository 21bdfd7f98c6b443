import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { diskLock } from './disk-lock.ts';
import { pause } from './retrying.ts';

let root: string;
let path: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'peftjs-lock-'));
  path = join(root, 'a.lock');
});
afterEach(() => rm(root, { recursive: true }));

async function abandoned(owner: string, seconds: number): Promise<void> {
  await writeFile(path, owner);
  const then = new Date(Date.now() - seconds * 1000);
  await utimes(path, then, then);
}

it('lets one in at a time, also where all find it void at once', async () => {
  for (let round = 0; round < 10; round++) {
    await abandoned(`${hostname()} 999999999`, 10);
    let inside = 0;
    let most = 0;
    const enter = async (): Promise<void> => {
      const release = await diskLock(path);
      most = Math.max(most, ++inside);
      await pause(2);
      inside--;
      await release();
    };
    await Promise.all(Array.from({ length: 4 }, enter));
    expect(most).toBe(1);
    expect(await readdir(root)).toEqual([]);
  }
});

it('is respected while its process lives or may live', async () => {
  for (const [owner, seconds] of [
    [`${hostname()} ${process.pid}`, 10],
    ['elsewhere 1', 10],
    [`${hostname()} 999999999`, 0],
  ] as const) {
    await abandoned(owner, seconds);
    await expect(diskLock(path, AbortSignal.timeout(250))).rejects.toThrow(/timeout/);
  }
  await abandoned('elsewhere 1', 100);
  await (await diskLock(path))();
  expect(await readdir(root)).toEqual([]);
});

it('is touched while it is held', async () => {
  const release = await diskLock(path);
  const first = (await stat(path)).mtimeMs;
  await pause(1300);
  expect((await stat(path)).mtimeMs).toBeGreaterThan(first);
  await release();
});
