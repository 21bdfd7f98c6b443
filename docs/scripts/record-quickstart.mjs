// @ts-check
// Runs the quickstart and keeps what it printed in docs/generated/, for the pages that show it.
// Run: node docs/scripts/record-quickstart.mjs [--check]     --check: runs nothing and fails where no record is kept
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { docs, root } from './pages.mjs';

const folder = join(docs, 'generated');
const textFile = join(folder, 'quickstart.txt');
const aboutFile = join(folder, 'quickstart.json');

/** What a record must hold: the losses before and after, and where the adapter is. */
const PARTS = [/^backend /m, /^before .*loss/m, /^trainable params: /m, /^after .*loss/m, /^adapter /m];

/** @param {string} text */
function fault(text) {
  const missing = PARTS.find((part) => !part.test(text));
  return missing === undefined ? null : `the quickstart's output has nothing like ${missing}`;
}

/** @returns {Promise<{ code: number | null, text: string }>} */
function runQuickstart() {
  const child = spawn('npm', ['run', '--silent', 'quickstart'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk);
    text += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, text })));
}

async function record() {
  const { code, text } = await runQuickstart();
  const clean = stripVTControlCharacters(text)
    .replaceAll(`${root}/`, '')
    .replace(/[ \t]+$/gm, '');
  const wrong = code === 0 ? fault(clean) : `the quickstart ended with exit code ${code}`;
  if (wrong !== null) throw new Error(`${wrong}; the record is as it was`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(textFile, clean);
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
  };
  writeFileSync(aboutFile, `${JSON.stringify(about, null, 2)}\n`);
}

function check() {
  if (!existsSync(textFile) || !existsSync(aboutFile))
    throw new Error('there is no record; run: npm --prefix docs run record');
  const wrong = fault(readFileSync(textFile, 'utf8'));
  if (wrong !== null) throw new Error(`${wrong}; run: npm --prefix docs run record`);
}

if (process.argv.includes('--check')) check();
else await record();
