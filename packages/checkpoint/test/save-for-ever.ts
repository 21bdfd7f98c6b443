/** A process for a test to kill: saves one version after the other to the folder that it is given. */
import { saveAdapter } from '../src/save-adapter.ts';
import { versionedAdapter } from './versioned-adapter.ts';

const [path, first] = process.argv.slice(2);
process.stdout.write('started\n');
for (let version = Number(first); ; version++) await saveAdapter(versionedAdapter(version, 20_000), path!);
