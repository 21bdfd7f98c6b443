// A process for a test: does one thing with the models of a folder, and prints the most memory that it was seen to have, in bytes.
import { join } from 'node:path';
import { diskFolder, type Folder } from '@peftjs/checkpoint';
import { apply } from '../src/apply.ts';
import { diff } from '../src/diff.ts';

const [name, path] = process.argv.slice(2) as [string, string];
// Not the system's own maximum: a process that was started by another begins with that one's.
let most = 0;
const look = () => {
  most = Math.max(most, process.memoryUsage().rss);
};

/** A folder of this one. What nobody holds is freed before each read, so that what is counted is what is held. */
function open(one: string): Folder {
  const folder = diskFolder(join(path, one));
  return {
    ...folder,
    async open(file) {
      const source = await folder.open(file);
      return (
        source && {
          ...source,
          async read(begin, end) {
            look();
            // The second waits for what the first has found to be freed.
            for (let i = 0; i < 2; i++) globalThis.gc?.();
            const bytes = await source.read(begin, end);
            look();
            return bytes;
          },
        }
      );
    },
  };
}

const how = { onProgress: look };
if (name === 'diff') await diff(open('base'), open('tuned'), join(path, 'delta'), how);
else await apply(open('base'), open('delta'), join(path, 'applied'), how);
process.stdout.write(String(most));
