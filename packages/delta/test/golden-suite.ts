// The golden delta, wherever its folders lie: in Node and in a page it makes the same bytes.
import { type Folder, sha256, type WritableFolder } from '@peftjs/checkpoint';
import { expect } from 'vitest';
import { apply } from '../src/apply.ts';

/** Applies it to `base`, to `out`, and compares what is there with what Node made of it. */
export async function expectGolden(base: Folder, golden: (path: string) => Folder, out: WritableFolder): Promise<void> {
  await apply(base, golden('golden/delta/delta'), out);
  const told = await golden('golden/delta').open('tuned.json');
  const hashes = JSON.parse(new TextDecoder().decode(await told?.read(0, told.size)));
  const found: Record<string, string> = {};
  for (const name of await out.list()) {
    const file = await out.open(name);
    found[name] = await sha256((await file?.read(0, file.size)) as Uint8Array);
  }
  expect(found).toEqual(hashes);
}
