import { openModelFolder } from '@peftjs/models';
import { describe, expect, it } from 'vitest';
import { type FakeHub, fakeHub } from '../test/fake-hub.ts';
import { STORES } from '../test/stores.ts';
import type { WebStore } from './store/web-store.ts';
import { webCache } from './web-cache.ts';

const ID = 'tiny/llama';
const FILE = 'model.safetensors';
const weights = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 2654435761) >>> 24);
const path = `/${ID}/resolve/c0ffee/${FILE}`;

async function load(hub: FakeHub, store: WebStore, offline = false): Promise<Uint8Array> {
  const retry = { times: 0, delay: 1 };
  const folder = await openModelFolder(ID, { cache: webCache(store), fetch: hub.fetch, retry, offline });
  const source = (await folder.open(FILE))!;
  return source.read(0, source.size);
}

/** `toEqual` takes seconds for so many numbers. */
const same = (bytes: Uint8Array): boolean => bytes.length === weights.length && bytes.every((b, i) => b === weights[i]);

describe.each([...STORES])('webCache in %s', (_name, makeStore) => {
  it('fetches once, then works offline', async () => {
    const [hub, store] = [await fakeHub(ID, FILE, weights), makeStore()];
    expect(same(await load(hub, store))).toBe(true);
    expect(hub.log).toEqual([`/api/models/${ID}/revision/main`, path]);
    expect(same(await load(hub, store, true))).toBe(true);
    expect(hub.log.length).toBe(2);
    expect((await store.list('parts/')).length).toBe(0);
  });

  it('goes on with a download that was cut, where a reload left it', async () => {
    const [hub, store] = [await fakeHub(ID, FILE, weights), makeStore()];
    hub.cuts.push(2_100_000, 300_000);
    await expect(load(hub, store)).rejects.toThrow('stopped at 2100000 of 3000000 bytes, which are kept');
    await expect(load(hub, store)).rejects.toThrow('stopped at 2400000 of 3000000 bytes');
    expect(same(await load(hub, store))).toBe(true);
    const asked = hub.log.filter((line) => line.startsWith(path));
    expect(asked).toEqual([path, `${path} bytes=2100000-`, `${path} bytes=2400000-`]);
  });

  it('keeps nothing that arrived damaged', async () => {
    const [hub, store] = [await fakeHub(ID, FILE, weights), makeStore()];
    hub.damaged = 1;
    expect(same(await load(hub, store))).toBe(true);
    hub.damaged = 2;
    const other = makeStore();
    await expect(load(hub, other)).rejects.toThrow('arrived damaged 2 times');
    expect(await other.list('blobs/')).toEqual([]);
  });

  it('lets one fetch where two ask at once', async () => {
    const [hub, store] = [await fakeHub(ID, FILE, weights), makeStore()];
    const both = await Promise.all([load(hub, store), load(hub, store)]);
    expect(both.map(same)).toEqual([true, true]);
    expect(hub.log.filter((line) => line.startsWith(path))).toEqual([path]);
  });
});
