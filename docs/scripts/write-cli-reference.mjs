// @ts-check
// Writes docs/generated/cli.md from the built command's own help.
// Run: node docs/scripts/write-cli-reference.mjs [--check]     --check: writes nothing and fails where it is out of date
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '@peftjs/cli';
import { docs } from './pages.mjs';

const file = join(docs, 'generated/cli.md');

/** @param {readonly string[]} args */
async function helpOf(...args) {
  let text = '';
  const sink = { write: (/** @type {string} */ part) => (text += part) };
  const code = await main([...args, '--help'], { stdout: sink, stderr: sink });
  if (code !== 0) throw new Error(`peftjs ${args.join(' ')} --help ended with exit code ${code}:\n${text}`);
  return text.trimEnd();
}

/** The names under the heading `Commands`. */
function commandsOf(/** @type {string} */ overview) {
  const lines = overview.split('\n');
  const first = lines.indexOf('Commands') + 1;
  const end = lines.indexOf('', first);
  return lines.slice(first, end).map((line) => line.trim().split(/\s+/)[0] ?? '');
}

const EXIT_CODES = /\n+Exit codes\n[\s\S]*$/;
const overview = await helpOf();
const sections = [`\`\`\`text\n${overview}\n\`\`\`\n`];
for (const name of commandsOf(overview)) {
  sections.push(`## ${name}\n\n\`\`\`text\n${(await helpOf(name)).replace(EXIT_CODES, '')}\n\`\`\`\n`);
}
const text = sections.join('\n');

if (!process.argv.includes('--check')) {
  mkdirSync(join(docs, 'generated'), { recursive: true });
  writeFileSync(file, text);
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/generated/cli.md is not what --help says; run: node docs/scripts/write-cli-reference.mjs');
  process.exitCode = 1;
}
