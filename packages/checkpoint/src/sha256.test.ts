import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { collecting, type Hasher, sha256, startSha256 } from './sha256.ts';

const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i * 7) % 256);
const expected = createHash('sha256').update(bytes).digest('hex');

it.each<[string, () => Promise<Hasher>]>([
  ['as Node does it', startSha256],
  ['as a page does it', async () => collecting()],
  ['as a page does it with more than it collects', async () => collecting(20)],
])('hashes pieces as it hashes all at once: %s', async (_, start) => {
  expect(await sha256(bytes)).toBe(expected);
  for (const size of [1, 15, 20, 21, 99, 100, 200]) {
    const hash = await start();
    for (let at = 0; at < bytes.length; at += size) await hash.update(bytes.subarray(at, at + size));
    expect(await hash.digest()).toBe(expected);
  }
  expect(await (await start()).digest()).toBe(await sha256(new Uint8Array(0)));
});
