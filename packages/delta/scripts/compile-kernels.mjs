// @ts-check
// Compiles each file of assembly/ to a module in src/codecs/kernels.gen.ts; what they share is in a folder there.
import { makeAssembly } from '../../../scripts/assembly.mjs';

/** A page's main thread compiles no more bytes than this at once. */
const MOST = 4096;

await makeAssembly(import.meta.url, 'src/codecs/kernels.gen.ts', async (compile, files) => {
  const modules = [];
  for (const file of files) {
    if (/[\\/]/.test(file)) continue;
    const binary = await compile(file, ['--initialMemory', '20', '--shrinkLevel', '1']);
    if (binary.length > MOST) throw new Error(`${file} compiles to ${binary.length} bytes; ${MOST} at most`);
    const name = file.replace('.ts', '').replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    modules.push(
      `/** A WebAssembly binary in base64. */\nexport const ${name}: string = '${binary.toString('base64')}';\n`,
    );
  }
  return modules.join('');
});
