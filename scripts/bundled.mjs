// @ts-check
// A module of the sources, with all that it imports, as the text of a script.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** @param {URL} entry @param {string} name of the script's variable with what the module exports */
export async function bundled(entry, name) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    globalName: name,
    target: 'es2022',
    conditions: ['peftjs-source'],
  });
  return outputFiles[0]?.text ?? '';
}
