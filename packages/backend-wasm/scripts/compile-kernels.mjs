// Compiles assembly/ to src/kernels.gen.ts: one WebAssembly binary for each kind of memory and each level of SIMD.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const entry = fileURLToPath(new URL('../assembly/index.ts', import.meta.url));
const target = new URL('../src/kernels.gen.ts', import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), 'kernels-'));

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

async function compile(name, [memory, features]) {
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
  const { error } = await asc.main([entry, '-o', out, ...options, ...enabled], {
    stdout: { write },
    stderr: { write },
  });
  if (error) throw new Error(`${name} does not compile:\n${messages}`);
  const binary = readFileSync(out);
  if (hasSection(binary, 11)) throw new Error(`${name} has data of its own, which would overwrite that of tfjs`);
  return binary.toString('base64');
}

const lines = [];
for (const [name, options] of Object.entries(variants)) lines.push(`  ${name}: '${await compile(name, options)}',`);
rmSync(scratch, { recursive: true });
writeFileSync(
  target,
  `// Made by scripts/compile-kernels.mjs from assembly/.
/** WebAssembly binaries in base64. */
export const binaries: Readonly<Record<'${Object.keys(variants).join("' | '")}', string>> = {
${lines.join('\n')}
};
`,
);
