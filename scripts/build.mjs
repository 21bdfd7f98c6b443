// @ts-check
// Builds packages with what they depend on: all of them, or those named. Turborepo generates what has changed, and one compiler, which
// knows the order, compiles all. Run: node scripts/build.mjs [NAME ...]
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm, root, run, tool } from './run.mjs';

const names = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(join(root, 'packages'));
const filters = names.map((name) => `--filter=@peftjs/${name}...`);
const generate = pnpm('exec', 'turbo', 'run', 'generate', '--output-logs=errors-only', ...filters);
const compile = tool('tsc', '-b', ...names.map((name) => join('packages', name)));

for (const command of [generate, compile]) {
  const { code, output } = await run(command);
  process.exitCode = code;
  if (code === 0) continue;
  console.error(output);
  break;
}
