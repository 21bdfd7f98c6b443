// Compiles each file of assembly/ to a module in src/codecs/kernels.gen.ts; what they share is in a folder there. What was made from
// the same sources by the same compiler stays.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const assembly = fileURLToPath(new URL('../assembly/', import.meta.url));
const target = new URL('../src/codecs/kernels.gen.ts', import.meta.url);
const OPTIONS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--initialMemory', '20', '--enable', 'simd'];
/** A page's main thread compiles no more bytes than this at once. */
const MOST = 4096;

const files = readdirSync(assembly, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort();
const hash = createHash('sha256')
  .update(asc.version)
  .update(readFileSync(fileURLToPath(import.meta.url)));
for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(assembly, file)));
const head = `// Made by scripts/compile-kernels.mjs from assembly/ of SHA-256 ${hash.digest('hex')}.\n`;

async function compiled(/** @type {string} */ file) {
  const scratch = mkdtempSync(join(tmpdir(), 'kernels-'));
  let messages = '';
  const write = (/** @type {string} */ text) => {
    messages += text;
    return true;
  };
  const out = join(scratch, 'kernels.wasm');
  const source = join(assembly, file);
  const { error } = await asc.main([source, '-o', out, ...OPTIONS], { stdout: { write }, stderr: { write } });
  if (error) throw new Error(`${file} does not compile:\n${messages}`);
  const binary = readFileSync(out);
  rmSync(scratch, { recursive: true });
  if (binary.length > MOST) throw new Error(`${file} compiles to ${binary.length} bytes; ${MOST} at most`);
  const name = file.replace('.ts', '').replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  return `/** A WebAssembly binary in base64. */\nexport const ${name}: string = '${binary.toString('base64')}';\n`;
}

if (!existsSync(target) || !readFileSync(target, 'utf8').startsWith(head)) {
  const modules = [];
  for (const file of files) if (!/[\\/]/.test(file)) modules.push(await compiled(file));
  writeFileSync(target, head + modules.join(''));
}
