// Bundles the gradients of tfjs-core into one module that Node can import. tfjs-core ships them as files that only a
// bundler can resolve; here every import of an op, a constant or a helper that tfjs-core exports publicly becomes an
// import of tfjs-core itself, so that there is one copy of it, and nothing is registered on import.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { replaceFile } from '../../../scripts/replace-file.mjs';

const require = createRequire(import.meta.url);
const dist = dirname(require.resolve('@tensorflow/tfjs-core'));
const core = require('@tensorflow/tfjs-core');
const target = fileURLToPath(new URL('../src/tfjs-gradients.gen.ts', import.meta.url));

const files = readdirSync(join(dist, 'gradients')).filter((name) => /_grad\.js$/.test(name));
const configs = files.map((name) => {
  const found = /export const (\w+GradConfig)/.exec(readFileSync(join(dist, 'gradients', name), 'utf8'));
  if (!found) throw new Error(`${name} exports no gradient`);
  return { name, config: found[1] };
});

/** What replaces a file of tfjs-core: re-exports of its public twin, or null where it has none. */
function publicTwin(path) {
  if (basename(path) === 'engine.js')
    return `import { engine } from '@tensorflow/tfjs-core'; export const ENGINE = engine();`;
  const space = basename(path, '.js');
  if (typeof core[space] === 'object') return fromSpace(space, Object.keys(core[space]));
  const names = [
    ...readFileSync(path, 'utf8').matchAll(/^export (?:async )?(?:const|function|class|let|var) (\w+)/gm),
  ].map((m) => m[1]);
  if (names.length === 0) return null;
  if (names.every((name) => name in core)) return `export { ${names.join(', ')} } from '@tensorflow/tfjs-core';`;
  return names.every((name) => name in core.backend_util) ? fromSpace('backend_util', names) : null;
}

function fromSpace(space, names) {
  return `import { ${space} } from '@tensorflow/tfjs-core'; ${names.map((n) => `export const ${n} = ${space}.${n};`).join(' ')}`;
}

const result = await build({
  stdin: {
    contents: `${configs.map((c) => `import { ${c.config} } from './gradients/${c.name}';`).join('\n')}
      export const gradients = [${configs.map((c) => c.config).join(', ')}];`,
    resolveDir: dist,
  },
  bundle: true,
  format: 'esm',
  write: false,
  minify: true,
  legalComments: 'none',
  treeShaking: true,
  external: ['@tensorflow/tfjs-core'],
  plugins: [
    {
      name: 'one-copy-of-core',
      setup(b) {
        b.onLoad({ filter: /tfjs-core[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
          if (relative(dist, path).startsWith('gradients')) return null;
          const contents = publicTwin(path);
          return contents === null ? null : { contents, resolveDir: dist };
        });
      },
    },
  ],
});
const code = result.outputFiles[0].text.replace(
  /export\{(\w+) as gradients\};?\s*$/,
  'export const gradients: readonly GradConfig[] = $1;',
);
if (!code.includes('export const gradients')) throw new Error('the bundle does not end as expected');
replaceFile(
  target,
  `// @ts-nocheck Made by scripts/generate-gradients.mjs from @tensorflow/tfjs-core ${core.version_core} (Apache-2.0, Google LLC).
import type { GradConfig } from '@tensorflow/tfjs-core';
${code}`,
);
