// A process for a test: does one thing with the models of a folder, and prints the most memory that it was seen to have, in bytes.
import { join } from 'node:path';
import { diskFolder, type Folder } from '@peftjs/checkpoint';
import { apply } from '../src/apply.ts';
import { chain } from '../src/chain.ts';
import type { Codec } from '../src/codec.ts';
import { exact } from '../src/codecs/exact.ts';
import { int4 } from '../src/codecs/integers.ts';
import { lowRank } from '../src/codecs/low-rank.ts';
import { mixed } from '../src/codecs/mixed-precision.ts';
import { sparse } from '../src/codecs/sparse.ts';
import { diff } from '../src/diff.ts';

const [name, path] = process.argv.slice(2) as [string, string];

/** What makes a diff, by the name of the test. */
const CODECS: Readonly<Record<string, Codec>> = {
  exact: exact(),
  int4: int4(),
  'low rank': lowRank({ rank: 16 }),
  mixed: mixed({ segments: [{ rank: 192, bits: 2 }] }),
  sparse: sparse({ density: 0.05 }),
};
const codec = CODECS[name];
// Not the system's own maximum: a process that was started by another begins with that one's.
let most = 0;
const look = () => {
  most = Math.max(most, process.memoryUsage().rss);
};

/** Bytes that may be read before what nobody holds is freed. */
const OFTEN = 2 ** 20;
let readSince = 0;

/** A folder of this one. What nobody holds is freed as it is read, so that what is counted is what is held. */
function open(one: string): Folder {
  const folder = diskFolder(join(path, one));
  return {
    ...folder,
    async open(file) {
      const source = await folder.open(file);
      return (
        source && {
          ...source,
          async read(begin, end, into) {
            look();
            readSince += end - begin;
            // The second waits for what the first has found to be freed.
            for (let i = 0; readSince >= OFTEN && i < 2; i++) globalThis.gc?.();
            readSince %= OFTEN;
            const bytes = await source.read(begin, end, into);
            look();
            return bytes;
          },
        }
      );
    },
  };
}

const how = { onProgress: look };
if (codec) await diff(open('base'), open('tuned'), join(path, name), { ...how, codec, shardBytes: 2 ** 20 });
else if (name === 'chain') await chain([open('exact')], join(path, name), { ...how, base: open('base') });
else await apply(open('base'), open('exact'), join(path, 'applied'), { ...how, codecs: Object.values(CODECS) });
process.stdout.write(String(most));
