// @ts-check
// Makes and applies a delta, or copies a model's file as it is, in a process of its own, so that its peak memory is the work's.
import { createReadStream, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { diskFolder, MODEL_FILE } from '@peftjs/checkpoint';
import { apply, diff, exact, inspect, int4, int8, lowRank, mixed, sign, sparse } from '@peftjs/delta';
import { serve } from './serve.mjs';

/** @type {Readonly<Record<string, (options: any) => import('@peftjs/delta').Codec>>} */
const CODECS = { exact, 'low-rank': lowRank, sign, sparse, int8, int4, mixed };

/**
 * @typedef {object} Spec
 * @property {string} id
 * @property {object} [options]
 * @property {string} [scales] a file with trained ones, by the tensor's name
 */

/** @param {Spec} spec @returns {import('@peftjs/delta').CodecChoice} */
function codecOf({ id, options = {}, scales }) {
  const make = CODECS[id] ?? exact;
  if (scales === undefined) return () => make(options);
  /** @type {Readonly<Record<string, number[]>>} */
  const trained = JSON.parse(readFileSync(scales, 'utf8'));
  return ({ name }) => {
    const one = trained[name];
    return one ? sign({ scales: Float32Array.from(one) }) : exact();
  };
}

const timed = async (/** @type {() => Promise<unknown>} */ work) => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};

await serve(async ({ base, tuned, codec }) => ({
  about: {},
  handlers: {
    diff: async ({ out, reversible }) => {
      const ms = await timed(() => diff(base, tuned, out, { codec: codecOf(codec), reversible }));
      const { bytes, codecs } = await inspect(out);
      return { ms, bytes, codecs };
    },
    apply: async ({ delta, out }) => ({
      ms: await timed(() => apply(base, delta, out, { codecs: [CODECS[codec.id]?.(codec.options) ?? exact()] })),
    }),
    /** Read and written, and safe on the disk, as a folder is. */
    copy: async ({ out }) => ({
      ms: await timed(() =>
        diskFolder(out).replace(new Map([[MODEL_FILE, createReadStream(join(tuned, MODEL_FILE))]])),
      ),
    }),
    gzip: async ({ out }) => {
      const ms = await timed(async () => writeFile(out, gzipSync(await readFile(join(tuned, MODEL_FILE)))));
      return { ms, bytes: (await readFile(out)).length };
    },
  },
}));
