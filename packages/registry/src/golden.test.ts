import { test } from 'vitest';
import { expectGolden } from '../test/golden-suite.ts';
import { temporaryFolder } from '../test/places.ts';
import { registryCache } from './registry-cache.ts';

test('the golden registry is read from a disk', async () => {
  const folder = new URL('../../../golden/registry', import.meta.url).pathname;
  await expectGolden(folder, await registryCache(temporaryFolder()));
});
