// @ts-check
// Compiles assembly/ to src/kernels.gen.ts: one WebAssembly binary for each kind of memory and each level of SIMD.
import { makeAssembly } from '../../../scripts/assembly.mjs';

const SHARED = ['--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
const RELAXED = ['--enable', 'relaxed-simd'];
const VARIANTS = { plain: [], relaxed: RELAXED, plainShared: SHARED, relaxedShared: [...SHARED, ...RELAXED] };
const OPTIONS = ['--disableWarning', '201', '--importMemory', '--enable', 'threads', '--enable', 'bulk-memory'];

/** Whether a binary has a section of this number. @param {Buffer} binary @param {number} number */
function hasSection(binary, number) {
  for (let at = 8; at < binary.length; ) {
    const id = binary[at++];
    let size = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = /** @type {number} */ (binary[at++]);
      size |= (byte & 0x7f) << shift;
    }
    if (id === number) return true;
    at += size;
  }
  return false;
}

await makeAssembly(import.meta.url, 'src/kernels.gen.ts', async (compile) => {
  const lines = [];
  for (const [name, options] of Object.entries(VARIANTS)) {
    const binary = await compile('index.ts', [...OPTIONS, ...options]);
    if (hasSection(binary, 11)) throw new Error(`${name} has data of its own, which would overwrite that of tfjs`);
    lines.push(`  ${name}: '${binary.toString('base64')}',\n`);
  }
  return `/** WebAssembly binaries in base64. */
export const binaries: Readonly<Record<'${Object.keys(VARIANTS).join("' | '")}', string>> = {
${lines.join('')}};
`;
});
