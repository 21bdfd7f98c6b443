import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import * as realFs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { versionedAdapter, versionOf } from '../test/versioned-adapter.ts';
import type { FileContent } from './folder.ts';
import { loadAdapter } from './load-adapter.ts';
import { memoryFolder } from './memory-folder.ts';
import type { Fs } from './node-modules.ts';
import { replaceFolder } from './replace-folder.ts';
import { saveAdapter } from './save-adapter.ts';

/** Says of each call of the file system whether it fails, counting from 0. */
type Failing = (call: number) => boolean;

/** A file system whose calls, those of its open files too, fail as `failing` says. */
function faultyFs(failing: Failing, code: string): { fs: Fs; calls: () => number } {
  let calls = 0;
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, key) {
        const member: unknown = Reflect.get(object, key);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (failing(calls++) && key !== 'close')
            throw Object.assign(new Error(`${code}: injected`), { code, errno: -1 });
          const result: unknown = await member.apply(object, args);
          return key === 'open' ? wrap(result as object) : result;
        };
      },
    });
  return { fs: wrap(realFs), calls: () => calls };
}

/** The files of an adapter that says `version` everywhere. */
async function filesOf(version: number) {
  const folder = memoryFolder();
  await saveAdapter(versionedAdapter(version), folder);
  return folder.files;
}

/** Saves version 2 over version 1 with `fs`, and gives the version that is there then, with what lies beside it. */
async function replaceWith(fs: Fs) {
  const path = join(temporaryFolder(), 'notes');
  await replaceFolder(realFs, path, await filesOf(1));
  const error = await replaceFolder(fs, path, await filesOf(2)).then(
    () => null,
    (caught: Error) => caught,
  );
  const version = versionOf(await loadAdapter(path));
  return { path, error, version, beside: (await realFs.readdir(dirname(path))).filter((name) => name !== 'notes') };
}

/** How many calls a save that succeeds makes. */
async function countCalls(): Promise<number> {
  const { fs, calls } = faultyFs(() => false, 'NONE');
  expect((await replaceWith(fs)).version).toBe(2);
  return calls();
}

describe('replaceFolder', () => {
  it('keeps the old content through any one error', async () => {
    const calls = await countCalls();
    const versions = new Set<number>();
    for (let at = 0; at < calls; at++) {
      const { error, version, beside, path } = await replaceWith(faultyFs((call) => call === at, 'ENOSPC').fs);
      expect([at, version]).toEqual([at, error ? 1 : 2]);
      if (error && error.name === 'CheckpointError') {
        expect(error.message).toBe(
          `[peftjs/checkpoint] ${path} was not saved, what it held before is untouched: the disk is full (ENOSPC)`,
        );
        expect(beside).toEqual([]);
      }
      versions.add(version);
    }
    expect(versions).toEqual(new Set([1, 2]));
  });

  it('leaves one content whole wherever it dies, and the next save cleans up', async () => {
    const calls = await countCalls();
    const versions = new Set<number>();
    for (let at = 0; at < calls; at++) {
      const { path, version } = await replaceWith(faultyFs((call) => call >= at, 'EIO').fs);
      versions.add(version);
      await replaceFolder(realFs, path, await filesOf(3));
      expect(versionOf(await loadAdapter(path))).toBe(3);
    }
    expect(versions).toEqual(new Set([1, 2]));
  });

  it('passes on the error of what it was given to write', async () => {
    const path = join(temporaryFolder(), 'notes');
    await replaceFolder(realFs, path, await filesOf(1));
    async function* broken() {
      yield new Uint8Array(10);
      throw new RangeError('no more');
    }
    const files = new Map<string, FileContent>([
      ...(await filesOf(2)),
      ['adapter_model.safetensors', broken()] as const,
    ]);
    await expect(replaceFolder(realFs, path, files)).rejects.toThrow(RangeError);
    expect(versionOf(await loadAdapter(path))).toBe(1);
    expect(await realFs.readdir(dirname(path))).toEqual([basename(path)]);
  });

  it.skipIf(!canMount())('survives a disk that is full (needs the right to mount)', async () => {
    const disk = temporaryFolder();
    mountSmallDisk(disk);
    onTestFinished(() => unmount(disk));
    const path = join(disk, 'notes');
    await saveAdapter(versionedAdapter(1, 20_000), path);
    await expect(saveAdapter(versionedAdapter(2, 60_000), path)).rejects.toThrow('the disk is full (ENOSPC)');
    expect(versionOf(await loadAdapter(path))).toBe(1);
    expect(await realFs.readdir(disk)).toEqual(['notes']);
    await saveAdapter(versionedAdapter(3, 20_000), path);
    expect(versionOf(await loadAdapter(path))).toBe(3);
  });

  it('leaves an adapter whole when its process is killed', async () => {
    const root = temporaryFolder();
    const path = join(root, 'notes');
    const program = join(root, 'save-for-ever.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('../test/save-for-ever.ts', import.meta.url))],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['peftjs-source'],
      logLevel: 'silent',
    });
    await saveAdapter(versionedAdapter(1, 20_000), path);
    let version = 1;
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, [program, path, String(version + 1)], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      await once(child.stdout, 'data');
      await sleep(30 + ((round * 7919) % 97));
      await kill(child);
      const found = versionOf(await loadAdapter(path));
      expect(found).toBeGreaterThanOrEqual(version);
      version = found;
    }
    expect(version).toBeGreaterThan(1);
    await saveAdapter(versionedAdapter(version, 1), path);
    expect((await realFs.readdir(root)).sort()).toEqual(['notes', 'save-for-ever.mjs']);
  });
});

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Makes `folder` a disk of 256 KiB. */
function mountSmallDisk(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'pipe' });
}

function unmount(folder: string): void {
  execFileSync('umount', [folder], { stdio: 'pipe' });
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'peftjs-mount-'));
  try {
    mountSmallDisk(folder);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}
