// @ts-check
// Builds packages in the order of their dependencies: all of them, or those named and what they depend on.
// Run: node scripts/build.mjs [@peftjs/NAME ...]
import { pnpm, run } from './run.mjs';

const filters = process.argv.length > 2 ? process.argv.slice(2) : ['./packages/*'];
const turbo = ['turbo', 'run', 'build', '--output-logs=errors-only', ...filters.map((name) => `--filter=${name}`)];

const { code } = await run(pnpm('exec', ...turbo), { show: true });
process.exitCode = code;
