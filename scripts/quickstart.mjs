// @ts-check
// `npm run quickstart`: on a machine with only Node and npm, installs and builds what the `peftjs` command needs, writes
// the text out, and trains as quickstart.json says. What follows `--` goes on to the command:
// npm run quickstart -- --backend node,wasm
import { prepare } from './prepare.mjs';
import { install, node, run } from './run.mjs';

await prepare('install', install('--filter', '.', '--filter', '@peftjs/cli...'));
await prepare('build', node('scripts/build.mjs', 'cli'));
await prepare('text', node('models/sotu-3m/corpus.mjs', 'moby-dick'));
console.log();
const train = ['train', '--config', 'quickstart.json', ...process.argv.slice(2)];
// Ctrl-C goes to the command, which saves the run and says how to go on.
process.on('SIGINT', () => {});
const { code } = await run(node('packages/cli/bin/peftjs.js', ...train), { show: true });
process.exitCode = code;
