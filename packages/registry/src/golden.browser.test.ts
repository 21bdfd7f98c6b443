import { opfs, webFolder } from '@peftjs/browser';
import { expect, test } from 'vitest';
import { expectGolden } from '../test/golden-suite.ts';
import { pull } from './pull.ts';
import type { RegistryCache } from './registry-cache.ts';

test('the golden registry is read from a host into OPFS, which serves without the host', async () => {
  const store = opfs(`test-${crypto.randomUUID()}`);
  const cache: RegistryCache = (path) => webFolder(`registry/${path}`, store);
  const where = `${location.origin}/golden/registry`;
  await expectGolden(where, cache);
  const fetch = () => Promise.reject(new TypeError('no network'));
  const { stale, fetched } = await pull(where, 'notes', { cache, fetch });
  expect([fetched, stale]).toEqual([false, expect.stringContaining('cannot be fetched: no network')]);
  const nowhere: RegistryCache = (path) => webFolder(`other/${path}`, store);
  await expect(pull(where, 'notes', { cache: nowhere, fetch })).rejects.toThrow('and it was never seen before');
});
