// Compiles assembly/ to src/codecs/kernels.gen.ts. What was made from the same source by the same compiler stays.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const source = fileURLToPath(new URL('../assembly/index.ts', import.meta.url));
const target = new URL('../src/codecs/kernels.gen.ts', import.meta.url);
const OPTIONS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--initialMemory', '20', '--enable', 'simd'];

const hash = createHash('sha256').update(asc.version);
for (const file of [source, fileURLToPath(import.meta.url)]) hash.update(readFileSync(file));
const head = `// Made by scripts/compile-kernels.mjs from assembly/ of SHA-256 ${hash.digest('hex')}.\n`;

async function compiled() {
  const scratch = mkdtempSync(join(tmpdir(), 'kernels-'));
  let messages = '';
  const write = (/** @type {string} */ text) => {
    messages += text;
    return true;
  };
  const out = join(scratch, 'kernels.wasm');
  const { error } = await asc.main([source, '-o', out, ...OPTIONS], { stdout: { write }, stderr: { write } });
  if (error) throw new Error(`the kernels do not compile:\n${messages}`);
  const binary = readFileSync(out);
  rmSync(scratch, { recursive: true });
  return binary;
}

if (!existsSync(target) || !readFileSync(target, 'utf8').startsWith(head)) {
  const binary = await compiled();
  // A page's main thread compiles no more than this at once.
  if (binary.length > 4096) throw new Error(`the kernels have ${binary.length} bytes; 4096 at most`);
  writeFileSync(
    target,
    `${head}/** A WebAssembly binary in base64. */\nexport const binary: string = '${binary.toString('base64')}';\n`,
  );
}
