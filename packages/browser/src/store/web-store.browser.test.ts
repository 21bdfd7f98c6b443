import { describe, expect, it, vi } from 'vitest';
import { STORES } from '../../test/stores.ts';

const blob = (text: string): Blob => new Blob([text]);

describe.each([...STORES])('%s', (_name, makeStore) => {
  it('keeps, replaces, lists and deletes', async () => {
    const store = makeStore();
    expect([await store.get('a/b'), await store.list('')]).toEqual([null, []]);
    await store.put('a/b', blob('one'));
    await store.put('a/ç 100%?', blob('two'));
    await store.put('c', blob('three'));
    expect(await (await store.get('a/b'))!.text()).toBe('one');
    await store.put('a/b', blob('four'));
    expect(await (await store.get('a/b'))!.text()).toBe('four');
    expect(await store.list('')).toEqual(['a/b', 'a/ç 100%?', 'c']);
    expect(await store.list('a/')).toEqual(['a/b', 'a/ç 100%?']);
    expect([await store.list('a/ç'), await store.list('a/b/'), await store.list('b/'), await store.list('c')]).toEqual([
      ['a/ç 100%?'],
      [],
      [],
      ['c'],
    ]);
    await store.delete('a/b');
    await store.delete('a/b');
    await store.delete('no/such');
    expect(await store.list('')).toEqual(['a/ç 100%?', 'c']);
  });

  it('reads a part of what is large', async () => {
    const store = makeStore();
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
    await store.put('large', new Blob([bytes]));
    const held = (await store.get('large'))!;
    expect(held.size).toBe(bytes.length);
    const part = new Uint8Array(await held.slice(1_000_000, 1_000_010).arrayBuffer());
    expect(part).toEqual(bytes.slice(1_000_000, 1_000_010));
  });

  it('stays apart from others of its kind', async () => {
    const [one, other] = [makeStore(), makeStore()];
    await one.put('a', blob('1'));
    expect(await other.list('')).toEqual([]);
  });
});

describe('a store that cannot keep', () => {
  it('says that there is no more room, and keeps what was there', async () => {
    for (const [name, makeStore] of STORES) {
      const store = makeStore();
      await store.put('a', blob('old'));
      const full = new DOMException('no', 'QuotaExceededError');
      const spies = [
        vi.spyOn(FileSystemWritableFileStream.prototype, 'write').mockRejectedValue(full),
        vi.spyOn(Cache.prototype, 'put').mockRejectedValue(full),
        vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
          throw full;
        }),
      ];
      try {
        await expect(store.put('a', blob('new')), name).rejects.toThrow(
          `[peftjs/browser] a was not kept in ${store.location}: the browser gives this page no more storage`,
        );
      } finally {
        for (const spy of spies) spy.mockRestore();
      }
      expect(await (await store.get('a'))!.text(), name).toBe('old');
    }
  });

  it('says what is missing', async () => {
    const [opfs, , caches] = [...STORES.values()];
    vi.stubGlobal('caches', undefined);
    vi.spyOn(navigator, 'storage', 'get').mockReturnValue(undefined as never);
    try {
      await expect(caches!().get('a')).rejects.toThrow(/cache:test-.* needs the Cache API, this browser has none/);
      await expect(opfs!().get('a')).rejects.toThrow(/opfs:test-.* needs navigator.storage.getDirectory/);
    } finally {
      vi.unstubAllGlobals();
      vi.restoreAllMocks();
    }
  });
});
