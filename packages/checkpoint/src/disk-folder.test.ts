import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openSafetensors, safetensorsChunks } from '@peftjs/safetensors';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { versionedAdapter, versionOf } from '../test/versioned-adapter.ts';
import { diskFolder } from './disk-folder.ts';
import { loadAdapter } from './load-adapter.ts';
import { saveAdapter } from './save-adapter.ts';

const save = (version: number, path: string) => saveAdapter(versionedAdapter(version), path);

describe('diskFolder', () => {
  it('makes a folder and its parents, replaces it, and leaves nothing else', async () => {
    const root = temporaryFolder();
    const path = join(root, 'runs', 'notes');
    await save(1, path);
    await save(2, path);
    expect(versionOf(await loadAdapter(path))).toBe(2);
    expect(readdirSync(join(root, 'runs'))).toEqual(['notes']);
    expect([...(await diskFolder(path).list())].sort()).toEqual(readdirSync(path).sort());
  });

  it('saves to an empty folder', async () => {
    const root = temporaryFolder();
    await save(1, root);
    expect(versionOf(await loadAdapter(root))).toBe(1);
  });

  it('is empty where there is no folder', async () => {
    const folder = diskFolder(join(temporaryFolder(), 'none'));
    expect(await folder.list()).toEqual([]);
    expect(await folder.open('adapter_config.json')).toBeNull();
  });

  it.each(['../secret', '..', '.', '', 'a/b', 'a\\b', 'a\0'])('does not open %j', async (name) => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'secret'), 'x');
    mkdirSync(join(root, 'inner', 'a'), { recursive: true });
    writeFileSync(join(root, 'inner', 'a', 'b'), 'x');
    const folder = diskFolder(join(root, 'inner'));
    expect(await folder.open(name)).toBeNull();
    await expect(folder.replace(new Map([[name, new Uint8Array()]]))).rejects.toThrow('is no name for a file');
  });

  it('deletes neither files nor folders that it does not replace', async () => {
    const path = join(temporaryFolder(), 'notes');
    await save(1, path);
    mkdirSync(join(path, 'other-adapter'));
    await expect(save(2, path)).rejects.toThrow(`${path} holds "other-adapter/", which saving would delete`);
    expect(versionOf(await loadAdapter(path))).toBe(1);
  });

  it('refuses a path that is a file', async () => {
    const path = join(temporaryFolder(), 'notes');
    writeFileSync(path, 'mine');
    await expect(save(1, path)).rejects.toThrow(`${path} is a file; choose a folder to save to`);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it.skipIf(process.platform === 'win32')('keeps links and modes', async () => {
    const root = temporaryFolder();
    const path = join(root, 'latest');
    await save(1, join(root, 'real'));
    symlinkSync('real', path);
    chmodSync(join(root, 'real'), 0o750);
    chmodSync(join(root, 'real', 'adapter_model.safetensors'), 0o600);
    await save(2, path);
    expect(readlinkSync(path)).toBe('real');
    expect(versionOf(await loadAdapter(join(root, 'real')))).toBe(2);
    expect(statSync(join(root, 'real')).mode & 0o777).toBe(0o750);
    expect(statSync(join(root, 'real', 'adapter_model.safetensors')).mode & 0o777).toBe(0o600);
  });

  it('reads in ranges what was written in parts', async () => {
    const folder = diskFolder(join(temporaryFolder(), 'model'));
    const data = Float32Array.from({ length: 5000 }, (_, i) => i);
    const chunks = safetensorsChunks([{ name: 'w', dtype: 'F32', shape: [5000], data: () => data }]);
    await folder.replace(new Map([['model.safetensors', chunks]]));
    const source = (await folder.open('model.safetensors'))!;
    expect(await (await openSafetensors(source)).readFloat32('w')).toEqual(data);
    await expect(source.read(source.size - 1, source.size + 1)).rejects.toThrow(`ends at byte ${source.size}`);
  });
});
