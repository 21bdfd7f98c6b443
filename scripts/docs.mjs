// @ts-check
// `npm run docs`: sets the repository up, on a machine with only Node and npm, and serves the documentation as it is being
// written. What follows `--` goes on to VitePress: npm run docs -- --port 4000
import { prepare } from './prepare.mjs';
import { install, node, pnpm, run } from './run.mjs';

await prepare('install', install());
await prepare('build', node('scripts/build.mjs'));
const { code } = await run(pnpm('--dir', 'docs', 'exec', 'vitepress', 'dev', ...process.argv.slice(2)), { show: true });
process.exitCode = code;
