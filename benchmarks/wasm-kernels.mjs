// @ts-check
// How fast are matrix products on the wasm backend? Those of tfjs as shipped and ours on one thread, in turns; then ours on
// all threads, in a process of its own, since a process holds one wasm backend.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { readOptions } from './harness/options.mjs';
import { printTable, report } from './harness/results.mjs';
import { median, round } from './harness/statistics.mjs';

const QUESTION = 'How fast are matrix products on the wasm backend, as shipped and repaired?';
/** Batch, m, n, k. The last two are a token against a weight, and attention's scores. */
const SHAPES = /** @type {const} */ ([
  [1, 512, 512, 512],
  [1, 512, 1000, 256],
  [1, 512, 8, 256],
  [1, 1, 1024, 1024],
  [32, 128, 128, 32],
]);
const TRANSPOSES = /** @type {const} */ ([
  [false, false],
  [false, true],
  [true, false],
]);
const options = readOptions({ rounds: 9, own: ['threads'] });

/** @typedef {{ shape: string, transposed: string, engine: string, gflops: number | null }} Rate */

/**
 * @param {readonly [number, number, number, number]} shape
 * @param {boolean} transposeA
 * @param {boolean} transposeB
 * @param {ReadonlyMap<string, (a: tf.Tensor, b: tf.Tensor, attrs: object) => void>} engines
 * @returns {Rate[]}
 */
function measure([batch, m, n, k], transposeA, transposeB, engines) {
  const a = tf.randomNormal(transposeA ? [batch, k, m] : [batch, m, k], 0, 1, 'float32', 1);
  const b = tf.randomNormal(transposeB ? [batch, n, k] : [batch, k, n], 0, 1, 'float32', 2);
  const flops = 2 * batch * m * n * k;
  const repeats = options.quick ? 1 : Math.ceil(5e7 / flops);
  const times = new Map([...engines.keys()].map((name) => [name, /** @type {number[]} */ ([])]));
  for (let turn = 0; turn <= options.rounds; turn++) {
    for (const [name, run] of engines) {
      const start = performance.now();
      for (let i = 0; i < repeats; i++) run(a, b, { transposeA, transposeB });
      if (turn > 0) times.get(name)?.push((performance.now() - start) / repeats);
    }
  }
  tf.dispose([a, b]);
  return [...times].map(([engine, each]) => ({
    shape: `${batch > 1 ? `${batch} x ` : ''}${m} x ${n} x ${k}`,
    transposed: `${transposeA ? "A'" : 'A'} ${transposeB ? "B'" : 'B'}`,
    engine,
    gflops: round(flops / median(each) / 1e6, 3),
  }));
}

/** @param {number} threads */
async function rates(threads) {
  const shipped = tf.getKernel('BatchMatMul', 'wasm').kernelFunc;
  const { device } = await useBackend(wasm(threads > 0 ? { threads } : {}));
  const backend = /** @type {any} */ (tf.findBackend('wasm'));
  const engines = new Map();
  if (threads === 1) {
    engines.set('tfjs, as shipped', (/** @type {any} */ a, /** @type {any} */ b, /** @type {any} */ attrs) => {
      const out = /** @type {tf.TensorInfo} */ (shipped({ inputs: { a, b }, attrs, backend }));
      backend.disposeData(out.dataId);
    });
  }
  engines.set(`peftjs, ${device}`, (/** @type {any} */ a, /** @type {any} */ b, /** @type {any} */ attrs) => {
    tf.matMul(a, b, attrs.transposeA, attrs.transposeB).dispose();
  });
  return SHAPES.flatMap((shape) => TRANSPOSES.flatMap(([ta, tb]) => measure(shape, ta, tb, engines)));
}

if (options.more.threads !== undefined) {
  process.stdout.write(JSON.stringify(await rates(Number(options.more.threads))));
} else {
  const self = fileURLToPath(import.meta.url);
  const flags = ['--rounds', String(options.rounds), ...(options.quick ? ['--quick'] : [])];
  // 0: as many threads as the backend takes by itself.
  const results = ['1', '0'].flatMap(
    (threads) =>
      /** @type {Rate[]} */ (
        JSON.parse(execFileSync(process.execPath, [self, '--threads', threads, ...flags], { encoding: 'utf8' }))
      ),
  );
  const engines = [...new Set(results.map(({ engine }) => engine))];
  const rows = [...new Set(results.map(({ shape, transposed }) => `${shape}, ${transposed}`))];
  printTable(
    ['GFLOP/s', ...engines],
    rows.map((row) => [
      row,
      ...engines.map((e) => results.find((r) => r.engine === e && `${r.shape}, ${r.transposed}` === row)?.gflops),
    ]),
  );
  await report('wasm-kernels', QUESTION, options, { results });
}
