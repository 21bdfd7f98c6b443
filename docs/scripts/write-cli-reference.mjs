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

/** The names under the heading `Commands`; none where there is no such heading. */
function commandsOf(/** @type {string} */ overview) {
  const lines = overview.split('\n');
  const first = lines.indexOf('Commands') + 1;
  if (first === 0) return [];
  const end = lines.indexOf('', first);
  return lines.slice(first, end).map((line) => line.trim().split(/\s+/)[0] ?? '');
}

/**
 * What a command's help says as Markdown, and that of the commands behind it where it is several.
 * @param {...string} words
 * @returns {Promise<readonly string[]>}
 */
async function sectionsOf(...words) {
  const help = await helpOf(...words);
  const [name, inner] = [words.join(' '), commandsOf(help)];
  if (inner.length === 0) return [sectionOf(name, help)];
  const sections = [`## ${name}\n\n\`\`\`text\n${help}\n\`\`\`\n`];
  for (const word of inner) sections.push(...(await sectionsOf(...words, word)));
  return sections;
}

/**
 * A command's help as Markdown: the usage, what it does, its options as a table, its examples.
 * @param {string} name
 * @param {string} help
 */
function sectionOf(name, help) {
  const [head = '', rest = ''] = help.split('\n\nOptions\n');
  const [options = '', more = ''] = rest.split('\n\nExamples\n');
  const [usage, ...about] = head.split('\n\n');
  const examples = (more.split('\n\n')[0] ?? '').replace(/^ {2}/gm, '');
  return [`## ${name}`, fenced(`${usage}`), about.join('\n\n'), tableOf(options), fenced(examples), ''].join('\n\n');
}

const fenced = (/** @type {string} */ text) => `\`\`\`sh\n${text}\n\`\`\``;

/** Rows of `--flag VALUE   what it is`, which may break after the value. @param {string} options */
function tableOf(options) {
  const rows = options.replace(/\n {6,}/g, '   ').split('\n');
  const cells = rows.map((row) => /^ {2}(--\S+(?: \S+)*) {2,}(\S.*)$/.exec(row) ?? []);
  const unread = rows.find((_, i) => cells[i]?.length === 0);
  if (unread !== undefined) throw new Error(`this line of the help is no option: ${unread}`);
  const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|');
  const lines = cells.map(([, flag = '', about = '']) => `| \`${cell(flag)}\` | ${cell(about)} |`);
  return ['| option | is |', '| --- | --- |', ...lines].join('\n');
}

const overview = await helpOf();
const sections = [`\`\`\`text\n${overview}\n\`\`\`\n`];
for (const name of commandsOf(overview)) sections.push(...(await sectionsOf(name)));
const text = sections.join('\n');

if (!process.argv.includes('--check')) {
  mkdirSync(join(docs, 'generated'), { recursive: true });
  writeFileSync(file, text);
} else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/generated/cli.md is not what --help says; run: node docs/scripts/write-cli-reference.mjs');
  process.exitCode = 1;
}
