import { afterEach, expect, it, vi } from 'vitest';
import { keepStorage, storageQuota } from './storage-quota.ts';
import { opfs } from './store/opfs.ts';

afterEach(() => vi.restoreAllMocks());

it('counts what is kept', async () => {
  const before = await storageQuota();
  const store = opfs(`test-${crypto.randomUUID()}`);
  await store.put('a', new Blob([new Uint8Array(1_000_000)]));
  const after = await storageQuota();
  expect(after.used - before.used).toBeGreaterThanOrEqual(1_000_000);
  expect(after.total).toBeGreaterThan(after.used);
  await store.delete('a');
});

it('asks the browser to keep it, and takes no for an answer', async () => {
  for (const answer of [true, false]) {
    vi.spyOn(StorageManager.prototype, 'persist').mockResolvedValue(answer);
    expect(await keepStorage()).toBe(answer);
  }
});

it('says what a page that is not secure lacks', async () => {
  vi.spyOn(navigator, 'storage', 'get').mockReturnValue(undefined as never);
  await expect(storageQuota()).rejects.toThrow('[peftjs/browser] this page has no navigator.storage');
});
