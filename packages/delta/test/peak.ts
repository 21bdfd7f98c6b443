// A process for a test: does one thing with the models of a folder, and prints the most memory that it has had, in bytes.
import { join } from 'node:path';
import { apply, undo } from '../src/apply.ts';
import { diff } from '../src/diff.ts';

// What is held is to be counted, and not what could be collected.
setInterval(() => globalThis.gc?.(), 10).unref();
const [name, folder] = process.argv.slice(2) as [string, string];
const at = (one: string) => join(folder, one);
if (name === 'diff') await diff(at('base'), at('tuned'), at('delta'));
else if (name === 'apply') await apply(at('base'), at('delta'), at('applied'));
else await undo(at('tuned'), at('delta'), at('undone'));
process.stdout.write(String(1024 * process.resourceUsage().maxRSS));
