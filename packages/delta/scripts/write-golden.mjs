// @ts-check
// Writes golden/delta: a base, a delta, and the SHA-256 of each file of the model that it makes, as Node makes it.
// Run: node --conditions=peftjs-source --import ./packages/cli/test/source-loader.mjs packages/delta/scripts/write-golden.mjs
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFolder, memoryFolder, sha256 } from '@peftjs/checkpoint';
import { apply, diff } from '@peftjs/delta';
import { pair } from '../test/models.ts';

const folder = join(import.meta.dirname, '../../../golden/delta');
const { base, tuned } = pair();
await diskFolder(join(folder, 'base')).replace(base.files);
await diff(base, tuned, join(folder, 'delta'), { baseName: 'pair' });
// They name the version that made them.
for (const name of ['README.md', 'peftjs.json']) rmSync(join(folder, 'delta', name));
const out = memoryFolder();
await apply(join(folder, 'base'), join(folder, 'delta'), out);
/** @type {Record<string, string>} */
const hashes = {};
for (const [name, bytes] of [...out.files].sort()) hashes[name] = await sha256(bytes);
writeFileSync(join(folder, 'tuned.json'), `${JSON.stringify(hashes, null, 2)}\n`);
