// @ts-check
// How fast are matrix products on the wasm backend? Those of tfjs as shipped and ours on one thread, in turns; then ours on
// all threads, in a process of its own, since a process holds one wasm backend.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { dense } from '@peftjs/core';
import { bf16, f16, int4, int8, nf4 } from '@peftjs/quantization';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { readOptions } from './harness/options.mjs';
import { printTable, report } from './harness/results.mjs';
import { median, round } from './harness/statistics.mjs';

const QUESTION = 'How fast are matrix products on the wasm backend, as shipped and repaired, and over each storage?';
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

/** Matrices [o, i] in each storage, and rows of x on both sides of where few become many. */
const PACKED = /** @type {const} */ ([
  [1536, 576],
  [576, 1536],
]);
const ROWS = [1, 2, 3, 4, 5, 6, 8, 16];
const STORAGES = {
  f32: dense,
  f16: f16(),
  bf16: bf16(),
  int8: int8(),
  'int8, inputs too': int8({ inputs: 8 }),
  int4: int4(),
  'int4, asymmetric': int4({ asymmetric: true }),
  nf4: nf4(),
  'nf4, double': nf4({ doubleQuantization: true }),
};

/** @typedef {{ matrix: string, rows: number, storage: string, ms: number | null }} PackedTime */

/** Milliseconds of a product with a matrix in each storage, in turns. @returns {PackedTime[]} */
function packedTimes() {
  return PACKED.flatMap(([o, i]) => {
    const values = Float32Array.from({ length: o * i }, (_, k) => ((k * 7919) % 1000) / 1000 - 0.5);
    const weights = Object.entries(STORAGES).map(
      ([storage, hold]) => /** @type {const} */ ([storage, hold(values.slice(), o, i)]),
    );
    const found = ROWS.flatMap((rows) => {
      const x = tf.randomNormal([rows, i], 0, 1, 'float32', 1);
      const times = new Map(weights.map(([storage]) => [storage, /** @type {number[]} */ ([])]));
      for (let turn = 0; turn <= options.rounds; turn++) {
        for (const [storage, weight] of weights) {
          const repeats = options.quick ? 1 : 8;
          const start = performance.now();
          for (let k = 0; k < repeats; k++) weight.matMul(x).dispose();
          if (turn > 0) times.get(storage)?.push((performance.now() - start) / repeats);
        }
      }
      x.dispose();
      return [...times].map(([storage, each]) => ({
        matrix: `${o} x ${i}`,
        rows,
        storage,
        ms: round(median(each), 4),
      }));
    });
    for (const [, weight] of weights) weight.dispose();
    return found;
  });
}

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
  const products = SHAPES.flatMap((shape) => TRANSPOSES.flatMap(([ta, tb]) => measure(shape, ta, tb, engines)));
  return { products, packed: threads === 1 ? packedTimes() : [] };
}

if (options.more.threads !== undefined) {
  process.stdout.write(JSON.stringify(await rates(Number(options.more.threads))));
} else {
  const self = fileURLToPath(import.meta.url);
  const flags = ['--rounds', String(options.rounds), ...(options.quick ? ['--quick'] : [])];
  // 0: as many threads as the backend takes by itself.
  const parts = ['1', '0'].map(
    (threads) =>
      /** @type {{ products: Rate[], packed: PackedTime[] }} */ (
        JSON.parse(execFileSync(process.execPath, [self, '--threads', threads, ...flags], { encoding: 'utf8' }))
      ),
  );
  const results = parts.flatMap(({ products }) => products);
  const packed = parts.flatMap(({ packed }) => packed);
  const engines = [...new Set(results.map(({ engine }) => engine))];
  const rows = [...new Set(results.map(({ shape, transposed }) => `${shape}, ${transposed}`))];
  printTable(
    ['GFLOP/s', ...engines],
    rows.map((row) => [
      row,
      ...engines.map((e) => results.find((r) => r.engine === e && `${r.shape}, ${r.transposed}` === row)?.gflops),
    ]),
  );
  const names = Object.keys(STORAGES);
  printTable(
    ['ms on one thread', ...names],
    PACKED.flatMap(([o, i]) =>
      ROWS.map((rows) => [
        `${rows} rows, ${o} x ${i}`,
        ...names.map(
          (name) => packed.find((p) => p.storage === name && p.rows === rows && p.matrix === `${o} x ${i}`)?.ms,
        ),
      ]),
    ),
  );
  await report('wasm-kernels', QUESTION, options, { results, packed });
}
