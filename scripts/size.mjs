// @ts-check
// How many bytes a page pays for a method: `attach` and `lora` bundled from the sources, minified and gzipped, without
// tfjs-core. Run: node scripts/size.mjs [--json]
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** What is measured, as a user would write it, and how many gzipped bytes it may take. */
export const BUNDLES = [
  {
    name: 'core + lora',
    source: "export { attach } from '@peftjs/core'; export { lora } from '@peftjs/lora';",
    limit: 5000,
  },
];

/**
 * @typedef {object} Size
 * @property {string} name
 * @property {number} minified bytes
 * @property {number} gzipped bytes
 * @property {number} limit of gzipped bytes
 * @property {Record<string, number>} packages minified bytes that each package gives
 * @property {Record<string, number>} files minified bytes that each module gives, the largest first
 */

/** @returns {Promise<Size[]>} */
export async function measureSizes() {
  return Promise.all(BUNDLES.map((bundle) => measure(bundle)));
}

/**
 * Bundles and weighs some code, without tfjs-core unless told otherwise.
 * @param {{ name: string, source: string, limit: number, external?: string[], folder?: string }} bundle `external`: what
 *   stays outside; `folder`: where its imports are resolved
 * @returns {Promise<Size>}
 */
export async function measure({ name, source, limit, external = ['@tensorflow/tfjs-core'], folder = root }) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: folder },
    conditions: ['peftjs-source'],
    external,
    absWorkingDir: root,
    bundle: true,
    logLevel: 'silent',
    format: 'esm',
    legalComments: 'none',
    metafile: true,
    minify: true,
    platform: 'browser',
    target: 'es2023',
    write: false,
  });
  const [output] = Object.values(metafile.outputs);
  const files = Object.entries(output?.inputs ?? {})
    .map(([file, { bytesInOutput }]) => /** @type {const} */ ([file, bytesInOutput]))
    .filter(([, bytes]) => bytes > 0)
    .sort(([, a], [, b]) => b - a);
  /** @type {Record<string, number>} */
  const packages = {};
  for (const [file, bytes] of files) {
    const owner = /(?:^|\/)packages\/([^/]+)\//.exec(file)?.[1] ?? file;
    packages[owner] = (packages[owner] ?? 0) + bytes;
  }
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  return {
    name,
    minified: code.length,
    gzipped: gzipSync(code, { level: 9 }).length,
    limit,
    packages,
    files: Object.fromEntries(files),
  };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const sizes = await measureSizes();
  if (process.argv.includes('--json')) console.log(JSON.stringify(sizes, null, 2));
  else for (const size of sizes) console.log(`${size.name}: ${size.gzipped} bytes gzipped, at most ${size.limit}`);
}
