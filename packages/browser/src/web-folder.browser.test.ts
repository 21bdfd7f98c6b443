import { describe, expect, it } from 'vitest';
import { STORES } from '../test/stores.ts';
import type { WebStore } from './store/web-store.ts';
import { webFolder } from './web-folder.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
async function read(folder: ReturnType<typeof webFolder>, name: string): Promise<string | null> {
  const source = await folder.open(name);
  return source && new TextDecoder().decode(await source.read(0, source.size));
}
const files = (version: string) =>
  new Map([
    ['a.json', bytes(`a ${version}`)],
    ['b.safetensors', bytes(`b ${version}`)],
  ]);

/** A store that fails at its `at`th change, and at all that follow: as a page that was closed. */
function dying(store: WebStore, at: number): { store: WebStore; changes: () => number } {
  let changes = 0;
  const change = async (run: () => Promise<void>): Promise<void> => {
    if (changes++ >= at) throw new Error('closed');
    await run();
  };
  return {
    changes: () => changes,
    store: {
      ...store,
      put: (path, blob) => change(() => store.put(path, blob)),
      delete: (path) => change(() => store.delete(path)),
    },
  };
}

describe.each([...STORES])('webFolder in %s', (_name, makeStore) => {
  it('is empty, then holds what it was given', async () => {
    const folder = webFolder('runs/notes', makeStore());
    expect([await folder.list(), await folder.open('a.json')]).toEqual([[], null]);
    async function* parts() {
      yield bytes('x');
      yield bytes('yz');
    }
    await folder.replace(
      new Map<string, Uint8Array | AsyncIterable<Uint8Array>>([
        ['a', bytes('1')],
        ['b', parts()],
      ]),
    );
    expect([await folder.list(), await read(folder, 'a'), await read(folder, 'b')]).toEqual([['a', 'b'], '1', 'xyz']);
    expect(await folder.open('../a')).toBeNull();
  });

  it('leaves one content whole wherever the page is closed, and the next save cleans up', async () => {
    const counted = dying(makeStore(), Number.POSITIVE_INFINITY);
    await webFolder('f', counted.store).replace(files('1'));
    const first = counted.changes();
    await webFolder('f', counted.store).replace(files('2'));
    const versions = new Set<string | null>();
    for (let at = first; at <= counted.changes(); at++) {
      const store = makeStore();
      await webFolder('f', store).replace(files('1'));
      await webFolder('f', dying(store, at - first).store)
        .replace(files('2'))
        .catch(() => {});
      const folder = webFolder('f', store);
      const version = (await read(folder, 'a.json'))!.slice(2);
      expect(await read(folder, 'b.safetensors')).toBe(`b ${version}`);
      versions.add(version);
      await folder.replace(files('3'));
      expect([await read(folder, 'a.json'), (await store.list('')).length]).toEqual(['a 3', 3]);
    }
    expect(versions).toEqual(new Set(['1', '2']));
  });

  it('deletes nothing that it does not replace', async () => {
    const folder = webFolder('f', makeStore());
    await folder.replace(files('1'));
    await expect(folder.replace(new Map([['a.json', bytes('2')]]))).rejects.toThrow(
      'holds "b.safetensors", which saving would delete',
    );
    await expect(folder.replace(new Map([['../x', bytes('2')]]))).rejects.toThrow('is no name for a file');
    expect(await read(folder, 'a.json')).toBe('a 1');
  });

  it('takes saves from two places one after the other', async () => {
    const store = makeStore();
    const saves = ['1', '2', '3', '4'].map((version) => webFolder('f', store).replace(files(version)));
    await Promise.all(saves);
    const folder = webFolder('f', store);
    expect([await read(folder, 'a.json'), await read(folder, 'b.safetensors')]).toEqual(['a 4', 'b 4']);
    expect((await store.list('')).length).toBe(3);
  });
});
