import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createKeys,
  encodeProvenance,
  lineageLines,
  lineageOf,
  loadAdapter,
  memoryFolder,
  recordOf,
  sign,
} from '@peftjs/checkpoint';
import { describe, expect, it } from 'vitest';
import { adapter, BASE, serve, temporaryFolder } from '../test/places.ts';
import { releaseRecords } from './lineage-records.ts';
import { listReleases } from './open-registry.ts';
import { publish } from './publish.ts';
import { pull } from './pull.ts';
import { knownBases, type RegistryCache, registryCache } from './registry-cache.ts';
import { titleOf } from './release.ts';

const numberOf = async (folder: Parameters<typeof loadAdapter>[0]) => (await loadAdapter(folder)).tensors[0]?.data[0];
const titles = async (...args: Parameters<typeof listReleases>) => (await listReleases(...args)).releases.map(titleOf);

/** A registry with two versions of `notes`, and one of `style`. */
async function registry() {
  const root = temporaryFolder();
  await publish(root, await adapter(1, { metrics: { loss: 1.5 } }), { name: 'notes' });
  await publish(root, await adapter(2), { name: 'notes' });
  await publish(root, await adapter(3, { license: 'mit', author: 'us' }), { name: 'style', version: '0.1.0-beta' });
  return { root, cache: temporaryFolder() };
}

describe('publish, list and pull', () => {
  it('bring what was published, from a folder and from a host', async () => {
    const { root, cache } = await registry();
    const { url } = await serve(root);
    for (const where of [root, `${url}/`]) {
      const { releases, stale } = await listReleases(where, { cache });
      expect(stale).toBeNull();
      expect(releases.map(titleOf)).toEqual(['notes@1', 'notes@2', 'style@0.1.0-beta']);
      expect(releases[0]).toMatchObject({ kind: 'adapter', base: BASE, metrics: { loss: 1.5 }, license: null });
      expect(releases[2]).toMatchObject({ license: 'mit', author: 'us' });
      expect(releases[0]?.hash).toBe((await recordOf(await adapter(1)))?.hash);
      const out = join(temporaryFolder(), 'notes');
      const last = await pull(where, 'notes', { cache, out });
      expect(last).toMatchObject({ fetched: true, stale: null, release: { version: '2' } });
      expect(await numberOf(out)).toBe(2);
      expect(await numberOf(last.folder)).toBe(2);
      expect(await numberOf((await pull(where, 'notes@1', { cache })).folder)).toBe(1);
    }
  });

  it('leave a folder that is an adapter as it is, for Python too', async () => {
    const { root } = await registry();
    expect(await numberOf(join(root, 'releases/style/0.1.0-beta'))).toBe(3);
    expect(readdirSync(root).sort()).toEqual(['index.json', 'releases']);
    expect(readdirSync(join(root, 'releases')).sort()).toEqual(['notes', 'style']);
  });

  it('fetch no file twice, and work without the registry', async () => {
    const { root, cache } = await registry();
    const { url, asked, close } = await serve(root);
    await pull(url, 'notes@1', { cache });
    const before = asked.length;
    expect((await pull(url, 'notes@1', { cache })).fetched).toBe(false);
    expect(asked.slice(before)).toEqual(['/index.json']);
    await close();
    const later = await pull(url, 'notes@1', { cache });
    expect(later.stale).toMatch(/^http:\S+ cannot be read: .*index\.json cannot be fetched: fetch failed \(E\w+\)/);
    expect(await numberOf(later.folder)).toBe(1);
    expect((await pull(url, 'notes@1', { cache, offline: true })).stale).toBe(`${url} is not asked`);
    expect(await titles(url, { cache, offline: true })).toHaveLength(3);
    await expect(pull(url, 'notes@2', { cache, offline: true })).rejects.toThrow(
      '[peftjs/registry] notes@2 is not in the cache, and',
    );
    await expect(listReleases(url, { cache: temporaryFolder() })).rejects.toThrow('and it was never seen before');
  });

  it('keep a cache in any folders, such as those of a browser', async () => {
    const { root } = await registry();
    const folders = new Map<string, ReturnType<typeof memoryFolder>>();
    const cache: RegistryCache = (path) => {
      const folder = folders.get(path) ?? memoryFolder([], path);
      folders.set(path, folder);
      return folder;
    };
    expect(await numberOf((await pull(root, 'notes', { cache })).folder)).toBe(2);
    expect((await pull(root, 'notes', { cache })).fetched).toBe(false);
  });

  it('fetch anew what is damaged in the cache', async () => {
    const { root, cache } = await registry();
    const { folder } = await pull(root, 'notes', { cache });
    writeFileSync(join(folder.location, 'adapter_model.safetensors'), 'x');
    const again = await pull(root, 'notes', { cache });
    expect(again.fetched).toBe(true);
    expect(await numberOf(again.folder)).toBe(2);
  });

  it('name what is nearest to what is not there', async () => {
    const { root, cache } = await registry();
    await expect(pull(root, 'note', { cache })).rejects.toThrow('has no "note"; nearest: "notes"');
    await expect(pull(root, 'notes@9', { cache })).rejects.toThrow('no version "9" of notes; it has 1, 2');
    await expect(pull(root, 'notes@', { cache })).rejects.toThrow('no version "" of notes');
  });

  it('refuse names, versions and folders that cannot be published', async () => {
    const { root } = await registry();
    const index = readFileSync(join(root, 'index.json'));
    const about = encodeProvenance({ kind: 'model', provenance: null, files: new Map() });
    const one = await adapter(1);
    const damaged = memoryFolder([
      ...one.files,
      ['adapter_config.json', new TextEncoder().encode('{"peft_type":"X"}')],
    ]);
    for (const [source, options, message] of [
      [one, { name: '../x' }, '"../x" is no name for a release'],
      [one, { name: 'Notes' }, 'use lower-case letters'],
      [one, { name: 'a', version: 'a/b' }, '"a/b" is no version'],
      [one, { name: 'notes', version: '1' }, 'has notes@1 already, and a version never changes; choose another'],
      [memoryFolder([], 'none'), { name: 'a' }, 'none holds no adapter and no delta'],
      [memoryFolder([['peftjs.json', about]], 'm'), { name: 'a' }, 'm holds a model; publish its difference'],
      [damaged, { name: 'a' }, 'but peftjs.json says sha256:'],
    ] as const)
      await expect(publish(root, source, options)).rejects.toThrow(message);
    await expect(publish('https://example.org/x', one, { name: 'a' })).rejects.toThrow('publish to the folder that it');
    expect(readFileSync(join(root, 'index.json'))).toEqual(index);
    expect(readdirSync(join(root, 'releases')).sort()).toEqual(['notes', 'style']);
  });

  it('say where no registry can be made', async () => {
    const { root } = await registry();
    const inFile = join(root, 'index.json', 'deltas');
    await expect(publish(inFile, await adapter(1), { name: 'notes' })).rejects.toThrow(
      /index\.json\/deltas cannot be made or written \(ENOTDIR\); name another place for it/,
    );
  });

  it('are for several publishers at once', async () => {
    const root = temporaryFolder();
    const values = [1, 2, 3, 4, 5, 6];
    const made = await Promise.all(values.map(async (value) => publish(root, await adapter(value), { name: 'a' })));
    expect(made.map(({ version }) => version).sort()).toEqual(['1', '2', '3', '4', '5', '6']);
    const cache = temporaryFolder();
    expect((await titles(root, { cache })).sort()).toEqual(values.map((n) => `a@${n}`));
    for (const [i, { version }] of made.entries())
      expect(await numberOf(join(root, 'releases/a', version))).toBe(values[i]);
  });

  it('make good what a publisher that was killed has left', async () => {
    const root = temporaryFolder();
    await publish(root, await adapter(1), { name: 'a' });
    const index = readFileSync(join(root, 'index.json'));
    await publish(root, await adapter(2), { name: 'a' });
    // The files took their place, and the process ended before the index did.
    writeFileSync(join(root, 'index.json'), index);
    await publish(root, await adapter(3), { name: 'a' });
    const { folder } = await pull(root, 'a@2', { cache: temporaryFolder() });
    expect(await numberOf(folder)).toBe(3);
  });
});

describe('signatures', () => {
  it('are checked, and demanded of the release and its files where a key is', async () => {
    const [ours, theirs] = [await createKeys(), await createKeys()];
    const { root, cache } = await registry();
    const signed = await adapter(7);
    await sign(signed, ours.privateKey);
    const byUs = { name: 'signed', privateKey: ours.privateKey };
    expect((await publish(root, signed, byUs)).signature?.key).toBe(ours.publicKey);
    const trusted = [ours.publicKey];
    expect(await numberOf((await pull(root, 'signed', { cache, trusted })).folder)).toBe(7);
    const out = join(temporaryFolder(), 'out');
    const demands = { cache, out, trusted };
    await expect(pull(root, 'signed', { ...demands, trusted: [theirs.publicKey] })).rejects.toThrow('is demanded');
    await expect(pull(root, 'notes', demands)).rejects.toThrow('notes@2 is not signed, and a signature by');
    await publish(root, signed, { name: 'unsaid' });
    await expect(pull(root, 'unsaid', demands)).rejects.toThrow('unsaid@1 is not signed, and a signature by');
    await publish(root, await adapter(8), { name: 'theirs', privateKey: theirs.privateKey });
    await expect(pull(root, 'theirs', demands)).rejects.toThrow(`theirs@1 was published by ${theirs.publicKey}, and`);
    await sign(signed, theirs.privateKey);
    await publish(root, signed, { ...byUs, name: 'mixed' });
    await expect(pull(root, 'mixed', demands)).rejects.toThrow(`was signed by ${theirs.publicKey}, and`);
    await expect(loadAdapter(out)).rejects.toThrow('does not exist');
    const forged = memoryFolder([...signed.files, ['README.md', new TextEncoder().encode('x')]], 'forged');
    await expect(publish(root, forged, { name: 'forged' })).rejects.toThrow('forged/README.md has 1 bytes');
  });

  it('are made of files that nobody has signed when they are published', async () => {
    const { publicKey, privateKey } = await createKeys();
    const { root, cache } = await registry();
    const unsigned = await adapter(7);
    await publish(root, unsigned, { name: 'notes', privateKey });
    const { folder } = await pull(root, 'notes', { cache, trusted: [publicKey] });
    expect((await loadAdapter(folder, { trusted: [publicKey] })).tensors[0]?.data[0]).toBe(7);
    expect(await unsigned.list()).not.toContain('peftjs.sig.json');
  });
});

describe('records', () => {
  it('of releases give the lineage of what is here', async () => {
    const { root, cache } = await registry();
    const parents = [(await recordOf(await adapter(1)))?.hash as string];
    const mixed = await recordOf(await adapter(9, { parents }));
    const known = releaseRecords(await listReleases(root, { cache }));
    expect(lineageLines(lineageOf(mixed!, known)).join('\n')).toMatch(
      /^adapter-9 {2}adapter .*\n├─ base {2}org\/base .*\n└─ parent {2}notes@1 \(.*\) {2}adapter .*\n {3}└─ base {2}org\/base/,
    );
  });

  it('of bases are remembered', async () => {
    const { root, cache } = await registry();
    await listReleases(root, { cache });
    expect(await knownBases(await registryCache(cache))).toEqual([BASE]);
    expect(await knownBases(await registryCache(temporaryFolder()))).toEqual([]);
  });
});
