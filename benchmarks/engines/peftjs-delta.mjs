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

/** How long it takes, and of how many cores the time: those of all threads. @param {() => Promise<unknown>} work */
async function timed(work) {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return { ms, cores: (user + system) / 1000 / ms };
}

await serve(async ({ base, tuned, codec: spec }) => {
  const [codec, codecs] = [codecOf(spec), [CODECS[spec.id]?.(spec.options) ?? exact()]];
  return {
    about: {},
    handlers: {
      diff: async ({ out, reversible }) => {
        const taken = await timed(() => diff(base, tuned, out, { codec, reversible }));
        const { bytes, codecs } = await inspect(out);
        return { ...taken, bytes, codecs };
      },
      apply: ({ delta, out }) => timed(() => apply(base, delta, out, { codecs })),
      /** Read and written, and safe on the disk, as a folder is. */
      copy: ({ out }) =>
        timed(() => diskFolder(out).replace(new Map([[MODEL_FILE, createReadStream(join(tuned, MODEL_FILE))]]))),
      gzip: async ({ out }) => {
        const taken = await timed(async () => writeFile(out, gzipSync(await readFile(join(tuned, MODEL_FILE)))));
        return { ...taken, bytes: (await readFile(out)).length };
      },
    },
  };
});
