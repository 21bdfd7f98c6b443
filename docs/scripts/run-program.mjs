// @ts-check
// Runs a program made of samples on the built packages, in a folder of its own that has models and data to work on.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';

const TIME_LIMIT_MS = 120_000;

/**
 * @param {readonly import('./samples.mjs').Sample[]} program
 * @param {{ name: string, folder: string, models: string, data: string }} place `folder`: where imports are found;
 *   `models` and `data`: what the program finds under these names where it runs
 * @returns {Promise<{ done: number, ended: boolean, output: string }>} `done`: samples that came to their end; `ended`: the
 *   program came to its own end, with exit code 0
 */
export async function runProgram(program, { name, folder, models, data }) {
  const code = program
    .filter(({ runs }) => runs)
    .map((sample, i) => `${sample.code}process.send(${i + 1});\n`)
    .join('');
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
  const script = join(folder, `${name}.mjs`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(script, ts.transpileModule(code, { compilerOptions: options }).outputText);
  const cwd = mkdtempSync(join(tmpdir(), 'peftjs-sample-'));
  try {
    symlinkSync(models, join(cwd, 'models'));
    cpSync(data, join(cwd, 'data'), { recursive: true });
    return await run(script, cwd);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** @param {string} script @param {string} cwd @returns {Promise<{ done: number, ended: boolean, output: string }>} */
function run(script, cwd) {
  const child = spawn(process.execPath, [script], {
    cwd,
    timeout: TIME_LIMIT_MS,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  let done = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  child.on('message', (count) => {
    done = Number(count);
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const end = signal === null ? `exit code ${code}` : `ended by ${signal} after at most ${TIME_LIMIT_MS / 1000} s`;
      resolve({ done, ended: code === 0, output: code === 0 ? output : `${output}${end}\n` });
    });
  });
}
