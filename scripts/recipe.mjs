// @ts-check
// `npm run recipe NAME`: on a machine with only Node and npm, installs and builds what the recipes need, and runs one of
// them. What follows `--` goes on to it: npm run recipe spam -- --quick
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { install, node, root, run } from './run.mjs';

const NAMES = ['delta', 'smollm2', 'spam', 'vision'];
const [name = '', ...args] = process.argv.slice(2);
if (!NAMES.includes(name)) {
  console.error(`no recipe is called "${name}"; there are ${NAMES.join(', ')}`);
  process.exit(2);
}
const { dependencies } = JSON.parse(readFileSync(join(root, 'recipes/package.json'), 'utf8'));
const packages = Object.keys(dependencies).flatMap((name) => /^@peftjs\/(.+)/.exec(name)?.[1] ?? []);
await prepare('install', install('--filter', '.', '--filter', '@peftjs/recipes...'));
await prepare('build', node('scripts/build.mjs', ...packages));
console.log();
const { code } = await run(node(`recipes/${name}.mjs`, ...args), { show: true });
process.exitCode = code;
