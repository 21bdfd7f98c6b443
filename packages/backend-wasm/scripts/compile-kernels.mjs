// Compiles assembly/ to src/kernels.gen.ts: one WebAssembly binary for each kind of memory and each level of SIMD. What was
// made from the same sources by the same compiler stays: compiling takes longer than all else that an installation does.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const assembly = fileURLToPath(new URL('../assembly/', import.meta.url));
const target = new URL('../src/kernels.gen.ts', import.meta.url);

const SHARED = ['--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
const variants = {
  plain: [[], []],
  relaxed: [[], ['relaxed-simd']],
  plainShared: [SHARED, []],
  relaxedShared: [SHARED, ['relaxed-simd']],
};

/** Whether a binary has a section of this number. */
function hasSection(binary, number) {
  for (let at = 8; at < binary.length; ) {
    const id = binary[at++];
    let size = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = binary[at++];
      size |= (byte & 0x7f) << shift;
    }
    if (id === number) return true;
    at += size;
  }
  return false;
}

/** The first line of what is made: of these sources, by this script and this compiler. */
function origin() {
  const hash = createHash('sha256')
    .update(asc.version)
    .update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of readdirSync(assembly).sort())
    hash.update(`\0${name}\0`).update(readFileSync(join(assembly, name)));
  return `// Made by scripts/compile-kernels.mjs from assembly/ of SHA-256 ${hash.digest('hex')}.\n`;
}

async function compile(scratch, name, [memory, features]) {
  const out = join(scratch, `${name}.wasm`);
  const options = [
    '-O3',
    '--converge',
    '--noAssert',
    '--disableWarning',
    '201',
    '--runtime',
    'stub',
    '--importMemory',
    ...memory,
  ];
  const enabled = ['simd', 'threads', 'bulk-memory', ...features].flatMap((f) => ['--enable', f]);
  let messages = '';
  const write = (text) => {
    messages += text;
    return true;
  };
  const { error } = await asc.main([join(assembly, 'index.ts'), '-o', out, ...options, ...enabled], {
    stdout: { write },
    stderr: { write },
  });
  if (error) throw new Error(`${name} does not compile:\n${messages}`);
  const binary = readFileSync(out);
  if (hasSection(binary, 11)) throw new Error(`${name} has data of its own, which would overwrite that of tfjs`);
  return binary.toString('base64');
}

async function make(head) {
  const scratch = mkdtempSync(join(tmpdir(), 'kernels-'));
  const lines = [];
  for (const [name, options] of Object.entries(variants))
    lines.push(`  ${name}: '${await compile(scratch, name, options)}',`);
  rmSync(scratch, { recursive: true });
  writeFileSync(
    target,
    `${head}/** WebAssembly binaries in base64. */
export const binaries: Readonly<Record<'${Object.keys(variants).join("' | '")}', string>> = {
${lines.join('\n')}
};
`,
  );
}

const head = origin();
if (!existsSync(target) || !readFileSync(target, 'utf8').startsWith(head)) await make(head);
