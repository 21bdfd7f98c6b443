// @ts-check
// `npm run quickstart`: sets up what the `peftjs` command needs, on a machine with only Node and npm, and runs its
// quickstart. What follows `--` goes on to the command: npm run quickstart -- --help
import { install, node, run } from './run.mjs';

/**
 * @param {string} name
 * @param {import('./run.mjs').Command} command
 */
async function prepare(name, command) {
  process.stdout.write(`${name} ... `);
  const { code, output, seconds } = await run(command);
  if (code === 0) return console.log(`${seconds.toFixed(1)} s`);
  console.error(`\n${output.trimEnd()}\n\n${name} failed; the output above says why`);
  process.exit(1);
}

await prepare('install', install('--filter', '.', '--filter', '@peftjs/cli...'));
await prepare('build', node('scripts/build.mjs', '@peftjs/cli...'));
const { code } = await run(node('packages/cli/bin/peftjs.js', 'quickstart', ...process.argv.slice(2)), { show: true });
process.exitCode = code;
