// Processes that are killed while they write: what is left is nothing, or what was there, or all of the new.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskFolder, type FileContent, memoryFolder, type WritableFolder } from '@peftjs/checkpoint';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pair } from '../test/models.ts';
import { apply, undo } from './apply.ts';
import { diff } from './diff.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'peftjs-killed-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const { base, tuned } = pair();
const delta = memoryFolder();
await diff(base, tuned, delta);

const WORK = {
  diff: (out: WritableFolder) => diff(base, tuned, out, { shardBytes: 100 }),
  apply: (out: WritableFolder) => apply(base, delta, out),
  undo: (out: WritableFolder) => undo(tuned, delta, out),
} as const;
const NAMES = Object.keys(WORK) as (keyof typeof WORK)[];

/** Every file of a folder, as a program that opens it sees it. */
async function contentOf(path: string): Promise<Readonly<Record<string, string>>> {
  const folder = diskFolder(path);
  const found: Record<string, string> = {};
  for (const name of await folder.list()) {
    const file = await folder.open(name);
    found[name] = Buffer.from(await (file as NonNullable<typeof file>).read(0, file?.size ?? 0)).toString('base64');
  }
  return found;
}

/** A folder whose writer stands still at byte `at`: the disk is then as a process leaves it that is killed there. */
function standingStill(path: string, at: number) {
  const folder = diskFolder(path);
  let bytes = 0;
  let stand = () => {};
  let end = () => {};
  const standing = new Promise<void>((resolve) => {
    stand = resolve;
  });
  const ended = new Promise<never>((_, reject) => {
    end = () => reject(new RangeError('ended'));
  });
  ended.catch(() => {});
  async function* cut(content: FileContent) {
    for await (const part of content instanceof Uint8Array ? [content] : content) {
      if (bytes + part.length > at) {
        yield part.subarray(0, at - bytes);
        stand();
        await ended;
      }
      bytes += part.length;
      yield part;
    }
  }
  const out: WritableFolder = {
    ...folder,
    replace: (files) => folder.replace(new Map([...files].map(([name, content]) => [name, cut(content)]))),
  };
  return { out, standing, end, bytes: () => bytes };
}

test.each(NAMES)('%s is all or nothing at every stretch of bytes', async (name) => {
  const [old, fresh] = [join(root, `${name}-old`), join(root, `${name}-new`)];
  const counted = standingStill(old, Number.POSITIVE_INFINITY);
  await WORK[name](counted.out);
  const before = await contentOf(old);
  const total = counted.bytes();
  expect(total).toBeGreaterThan(400);
  for (let at = 0; at < total; at += Math.ceil(total / 12)) {
    for (const path of [old, fresh]) {
      const { out, standing, end } = standingStill(path, at);
      const work = WORK[name](out);
      await standing;
      expect(await contentOf(path)).toEqual(path === old ? before : {});
      end();
      await expect(work).rejects.toThrow('ended');
    }
  }
  await WORK[name](diskFolder(fresh));
  expect(await contentOf(fresh)).toEqual(before);
  expect(
    readdirSync(root)
      .filter((one) => one.includes(name))
      .sort(),
  ).toEqual([`${name}-new`, `${name}-old`]);
});

test('a process that is killed by the system leaves nothing, and the next one cleans up', async () => {
  const program = join(root, 'program.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, '../test/killed-at.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['peftjs-source'],
    outfile: program,
  });
  const run = async (name: string, out: string, at: number) => {
    const child = spawn(process.execPath, [program, name, out, String(at)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return signal;
  };
  for (const [i, name] of NAMES.entries()) {
    const out = join(root, `killed-${name}`);
    expect(await run(name, out, 150 + 100 * i)).toBe('SIGKILL');
    expect(await contentOf(out)).toEqual({});
    expect(readdirSync(root).some((one) => one.startsWith(`.killed-${name}.peftjs-new-`))).toBe(true);
    await WORK[name](diskFolder(out));
    const whole = await contentOf(out);
    expect(await run(name, out, 300)).toBe('SIGKILL');
    expect(await contentOf(out)).toEqual(whole);
    await WORK[name](diskFolder(out));
    expect(readdirSync(root).filter((one) => one.includes(`killed-${name}`))).toEqual([`killed-${name}`]);
  }
  expect(readFileSync(join(root, 'killed-apply', 'model.safetensors'))).toEqual(
    Buffer.from(tuned.files.get('model.safetensors') as Uint8Array),
  );
});
