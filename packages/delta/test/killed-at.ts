// A process for a test: does the work that it is told to, and kills itself at a byte of what it writes.
import { diskFolder, type FileContent, memoryFolder, type WritableFolder } from '@peftjs/checkpoint';
import { apply, undo } from '../src/apply.ts';
import { diff } from '../src/diff.ts';
import { pair } from './models.ts';

const [name, path, at] = process.argv.slice(2) as [string, string, string];
const folder = diskFolder(path);
let bytes = 0;
async function* deadly(content: FileContent) {
  for await (const part of content instanceof Uint8Array ? [content] : content) {
    if (bytes + part.length > Number(at)) {
      yield part.subarray(0, Number(at) - bytes);
      process.kill(process.pid, 'SIGKILL');
    }
    bytes += part.length;
    yield part;
  }
}
const out: WritableFolder = {
  ...folder,
  replace: (files) => folder.replace(new Map([...files].map(([file, content]) => [file, deadly(content)]))),
};
const { base, tuned } = pair();
const delta = memoryFolder();
await diff(base, tuned, delta);
if (name === 'diff') await diff(base, tuned, out, { shardBytes: 100 });
else if (name === 'apply') await apply(base, delta, out);
else await undo(tuned, delta, out);
