// @ts-check
// A package's assembly/ compiled to WebAssembly, in base64, in a TypeScript file. What was made from the same sources by the same
// compiler stays: compiling takes longer than all else that an installation does.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { replaceFile } from './replace-file.mjs';

/** Those of every module. */
const OPTIONS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];

/**
 * @typedef {(file: string, options: readonly string[]) => Promise<Buffer>} Compile a file of assembly/, with options of its own
 * @param {string} script URL of the script in a package's scripts/ that calls this
 * @param {string} name of the file that is made in the package
 * @param {(compile: Compile, files: readonly string[]) => Promise<string>} textOf what is in it
 */
export async function makeAssembly(script, name, textOf) {
  const folder = fileURLToPath(new URL('../assembly/', script));
  const target = fileURLToPath(new URL(`../${name}`, script));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const hash = createHash('sha256').update(asc.version);
  for (const own of [script, import.meta.url]) hash.update(readFileSync(fileURLToPath(own)));
  for (const file of files.sort()) hash.update(`\0${file}\0`).update(readFileSync(join(folder, file)));
  const head = `// Made by scripts/compile-kernels.mjs from assembly/ of SHA-256 ${hash.digest('hex')}.\n`;
  if (existsSync(target) && readFileSync(target, 'utf8').startsWith(head)) return;
  const text = await textOf((file, options) => compile(join(folder, file), options), files);
  replaceFile(target, head + text);
}

/** @param {string} source @param {readonly string[]} options */
async function compile(source, options) {
  const scratch = mkdtempSync(join(tmpdir(), 'kernels-'));
  let messages = '';
  const write = (/** @type {string} */ text) => {
    messages += text;
    return true;
  };
  try {
    const out = join(scratch, 'kernels.wasm');
    const { error } = await asc.main([source, '-o', out, ...OPTIONS, ...options], {
      stdout: { write },
      stderr: { write },
    });
    if (error) throw new Error(`${source} does not compile:\n${messages}`);
    return readFileSync(out);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
