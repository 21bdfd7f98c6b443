// @ts-check
// How many bytes does a page load? Bundles, minified and gzipped: the packages of ours, and what they stand beside.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { BUNDLES, measure } from '../scripts/size.mjs';
import { readOptions } from './harness/options.mjs';
import { printTable, report } from './harness/results.mjs';

const QUESTION = 'How many bytes does a page load, minified and gzipped?';
const TFJS = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'];
const TRAINING = ['backend', 'core', 'lora', 'models', 'train', 'checkpoint']
  .map((name) => `export * from '@peftjs/${name}';`)
  .join(' ');
const METHOD = /** @type {{ source: string }} */ (BUNDLES[0]).source;

const BESIDE = [
  { name: 'the same with what it takes of tfjs-core', source: METHOD, external: [] },
  {
    name: 'backend-wasm with its kernels, beside tfjs',
    source: "export * from '@peftjs/backend-wasm';",
    external: TFJS,
  },
  { name: 'all that training a Llama takes, beside tfjs', source: TRAINING, external: TFJS },
  { name: 'tfjs-core, whole', source: "export * from '@tensorflow/tfjs-core';", external: [] },
  { name: 'tfjs-backend-wasm, beside tfjs-core', source: "export * from '@tensorflow/tfjs-backend-wasm';" },
  { name: '@tensorflow/tfjs, whole', source: "export * from '@tensorflow/tfjs';", external: [] },
];

const options = readOptions({ rounds: 1 });
const bundles = [
  ...BUNDLES,
  ...BESIDE.map(({ external = ['@tensorflow/tfjs-core'], ...bundle }) => ({
    ...bundle,
    limit: Number.POSITIVE_INFINITY,
    external: [...external, 'node:*'],
    folder: import.meta.dirname,
  })),
];
const sizes = await Promise.all(bundles.map((bundle) => measure(bundle)));
const results = sizes.map(({ name, gzipped, minified, packages }) => ({ name, gzipped, minified, packages }));
const require = createRequire(import.meta.url);
const binary = await readFile(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'));
const wasm = {
  name: 'tfjs-backend-wasm-simd.wasm',
  gzipped: gzipSync(binary, { level: 9 }).length,
  minified: binary.length,
};

printTable(
  ['what', 'gzipped', 'minified', 'at most'],
  [
    ...results.map(({ name, gzipped, minified }, i) => [name, gzipped, minified, BUNDLES[i]?.limit]),
    [wasm.name, wasm.gzipped, wasm.minified, null],
  ],
);
await report('size', QUESTION, options, { results: [...results, wasm] });
