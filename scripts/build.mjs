// @ts-check
// Builds packages in the order of their dependencies: all of them, or those named and what they depend on. One compiler for all
// starts once. Run: node scripts/build.mjs [NAME ...]
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm, root, run, tool } from './run.mjs';

const names = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(join(root, 'packages'));
const generate = pnpm(...names.map((name) => `--filter=@peftjs/${name}...`), 'run', 'generate');
const compile = tool('tsc', '-b', ...names.map((name) => join('packages', name)));

for (const command of [generate, compile]) {
  const { code, output } = await run(command);
  process.exitCode = code;
  if (code === 0) continue;
  console.error(output);
  break;
}
