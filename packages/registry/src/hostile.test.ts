// A registry that is damaged, or made to do harm: an error that names what is wrong, and nothing kept.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeys } from '@peftjs/checkpoint';
import { describe, expect, it } from 'vitest';
import { adapter, serve, temporaryFolder } from '../test/places.ts';
import { listReleases } from './open-registry.ts';
import { publish } from './publish.ts';
import { pull } from './pull.ts';
import { whileLocked } from './while-locked.ts';

// biome-ignore lint/suspicious/noExplicitAny: what hostile files are made of
type Json = Record<string, any>;

const text = (value: string) => new TextEncoder().encode(value);

function editIndex(root: string, edit: (json: Json) => void): void {
  const path = join(root, 'index.json');
  const json = JSON.parse(readFileSync(path, 'utf8'));
  edit(json);
  writeFileSync(path, JSON.stringify(json));
}

/** A registry with one release, and its index changed. */
async function changed(edit: (json: Json) => void) {
  const root = temporaryFolder();
  await publish(root, await adapter(1), { name: 'notes' });
  editIndex(root, edit);
  return root;
}

describe('an index', () => {
  const file = 'adapter_config.json';
  it.each<[string, (json: Json) => void, string]>([
    ['of another version', (j) => (j.format = 2), 'index.json has format 2, this version reads 1; update peftjs'],
    ['without releases', (j) => delete j.releases, 'has no list of releases'],
    ['with a release twice', (j) => j.releases.push(j.releases[0]), 'lists notes@1 twice'],
    ['with a path as a name', (j) => (j.releases[0].name = '../../x'), 'release 0: "../../x" is no name of a release'],
    ['with a path as a version', (j) => (j.releases[0].version = '../1'), 'release 0: "../1" is no version'],
    ['with a long name', (j) => (j.releases[0].name = 'a'.repeat(1000)), 'is no name of a release'],
    [
      'with a path as a file',
      (j) => (j.releases[0].files['../../.bashrc'] = j.releases[0].files[file]),
      'notes@1: "../../.bashrc" is no name of a file in a release',
    ],
    ['with a hidden file', (j) => (j.releases[0].files['.x'] = j.releases[0].files[file]), '".x" is no name of a file'],
    ['with a negative size', (j) => (j.releases[0].files[file].bytes = -1), `"${file}" has "-1" bytes`],
    ['with a size that is no number', (j) => (j.releases[0].files[file].bytes = '1'), `"${file}" has "1" bytes`],
    [
      'with sizes beyond all',
      (j) => {
        for (const one of Object.values<Json>(j.releases[0].files)) one.bytes = Number.MAX_SAFE_INTEGER;
      },
      'its files have no size that can be',
    ],
    ['with a hash that is none', (j) => (j.releases[0].files[file].sha256 = 'x'), 'is "x"; expected a SHA-256'],
    ['without files', (j) => (j.releases[0].files = {}), 'notes@1 has no files'],
    ['with another kind', (j) => (j.releases[0].kind = 'model'), 'kind is "model"; expected adapter or delta'],
    ['with a parent that is no hash', (j) => (j.releases[0].parents = ['x']), 'parents is "x"; expected a hash'],
    ['with a metric that is a text', (j) => (j.releases[0].metrics = { a: 'b' }), 'the metric "a" is "b"'],
    ['with a base that is a text', (j) => (j.releases[0].base = 'x'), 'base is "x"; expected an object'],
    ['with a signature that is a text', (j) => (j.releases[0].signature = 'x'), 'signature is "x"; expected an object'],
    ['with a key that is none', (j) => (j.releases[0].signature = { key: 'x' }), 'is "x"; expected a public key'],
    ['with a list as a release', (j) => (j.releases[0] = []), 'release 0 is "[]"; expected an object'],
  ])('%s is refused', async (_, edit, message) => {
    const [root, cache] = [await changed(edit), temporaryFolder()];
    await expect(pull(root, 'notes', { cache })).rejects.toThrow(message);
    await expect(listReleases(root, { cache })).rejects.toThrow(/^\[peftjs\/registry\] \S/);
    expect(readdirSync(cache)).toEqual([]);
  });

  it.each<[string, (release: Json) => void]>([
    ['another name', (release) => (release.name = 'other')],
    ['another version', (release) => (release.version = '9')],
    ['a better metric', (release) => (release.metrics.loss = 0)],
    ['another author', (release) => (release.author = 'them')],
    ['another key', (release) => (release.signature.key = `ed25519:${'A'.repeat(43)}=`)],
    ['another signature', (release) => (release.signature.signature = 'AA==')],
  ])('gives no signed release %s', async (_, edit) => {
    const [root, { publicKey, privateKey }] = [temporaryFolder(), await createKeys()];
    await publish(root, await adapter(1, { metrics: { loss: 1 } }), { name: 'notes', privateKey });
    editIndex(root, ({ releases: [release] }) => edit(release));
    const { name } = JSON.parse(readFileSync(join(root, 'index.json'), 'utf8')).releases[0];
    for (const trusted of [[publicKey], undefined])
      await expect(pull(root, name, { cache: temporaryFolder(), trusted })).rejects.toThrow(
        /: the signature in the index is not that of "ed25519:.*": it was changed$/,
      );
  });

  it('that is no JSON is refused, and the one that was last seen not used for it', async () => {
    const [root, cache] = [await changed(() => {}), temporaryFolder()];
    await listReleases(root, { cache });
    writeFileSync(join(root, 'index.json'), '{');
    await expect(listReleases(root, { cache })).rejects.toThrow('index.json is not JSON');
  });

  it('cannot give a version other files than it had', async () => {
    const [root, cache] = [await changed(() => {}), temporaryFolder()];
    await listReleases(root, { cache });
    editIndex(root, (json) => (json.releases[0].files['README.md'].sha256 = '0'.repeat(64)));
    await expect(pull(root, 'notes', { cache })).rejects.toThrow(
      'notes@1 has other files than when it was last seen, and a version never changes',
    );
  });
});

describe('files', () => {
  const path = '/releases/notes/1/adapter_model.safetensors';

  it('that are others than the index says are not kept', async () => {
    const root = await changed(() => {});
    const whole = readFileSync(join(root, path));
    const flipped = new Uint8Array(whole.map((byte, i) => (i === whole.length - 1 ? byte ^ 1 : byte)));
    for (const [bytes, message] of [
      [flipped, /has the SHA-256 \w{64}, the index says \w{64}: it is damaged, or was changed/],
      [whole.subarray(1), /has \d+ bytes, the index says \d+/],
      [new Uint8Array(whole.length + 1), /is larger than the \d+ bytes that it may have/],
    ] as const) {
      const cache = temporaryFolder();
      const { url } = await serve(root, { [path]: () => bytes });
      await expect(pull(url, 'notes', { cache })).rejects.toThrow(message);
      writeFileSync(join(root, path), bytes);
      await expect(pull(root, 'notes', { cache })).rejects.toThrow(/the index says/);
      const [prefix] = readdirSync(cache).filter((name) => name !== 'bases');
      expect(readdirSync(join(cache, prefix!))).toEqual(['index']);
      writeFileSync(join(root, path), whole);
    }
  });

  it('of more bytes than are allowed are not asked for', async () => {
    const huge = await changed((j) => (j.releases[0].files['README.md'].bytes = 2 ** 40));
    const { url, asked } = await serve(huge);
    const cache = temporaryFolder();
    await expect(pull(url, 'notes', { cache })).rejects.toThrow(
      /notes@1 has \d+ bytes, more than the 17179869184 that/,
    );
    await expect(pull(url, 'notes', { cache, maxBytes: 10 })).rejects.toThrow('more than the 10 that are allowed');
    expect(new Set(asked)).toEqual(new Set(['/index.json']));
  });

  it('that are missing are named', async () => {
    const root = await changed((j) => (j.releases[0].files['more.txt'] = { bytes: 1, sha256: '0'.repeat(64) }));
    await expect(pull(root, 'notes', { cache: temporaryFolder() })).rejects.toThrow('notes@1 has no "more.txt"');
  });

  it('in a cache that was damaged are no harm', async () => {
    const [root, cache] = [await changed(() => {}), temporaryFolder()];
    await listReleases(root, { cache });
    writeFileSync(join(cache, 'bases/bases.json'), text('{'));
    await pull(root, 'notes', { cache });
  });
});

describe('a lock', () => {
  it('is waited for, given up, and taken over where it is old', async () => {
    const path = join(temporaryFolder(), 'lock');
    const order: string[] = [];
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      order.push('first');
    };
    await Promise.all([whileLocked(path, slow), whileLocked(path, async () => order.push('second'))]);
    expect(order).toEqual(['first', 'second']);
    writeFileSync(path, '');
    await expect(whileLocked(path, async () => {}, { patience: 40, old: 10_000 })).rejects.toThrow(
      'lock is held by another publisher; delete it if there is none',
    );
    await expect(whileLocked(path, async () => 1, { patience: 1000, old: 20 })).resolves.toBe(1);
  });
});
