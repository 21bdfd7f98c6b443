// @ts-check
// Makes and applies a delta, or copies a model's file as it is, in a process of its own, so that its peak memory is the work's.
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { diskFolder, MODEL_FILE } from '@peftjs/checkpoint';
import {
  apply,
  byName,
  diff,
  exact,
  inspect,
  int4,
  int8,
  lowRank,
  mixed,
  openDelta,
  sign,
  sparse,
} from '@peftjs/delta';
import { serve } from './serve.mjs';

/** @type {Readonly<Record<string, (options: any) => import('@peftjs/delta').Codec>>} */
const CODECS = { exact, 'low-rank': lowRank, sign, sparse, int8, int4, mixed };

/**
 * @typedef {object} Spec
 * @property {string} id
 * @property {object} [options]
 * @property {object} [table] the options for the embedding, where it has its own
 * @property {Readonly<Record<string, number>>} [scales] trained ones, by the tensor's name
 */

/** @param {Spec} spec */
function codecOf({ id, options = {}, table = options, scales = {} }) {
  const make = CODECS[id] ?? exact;
  const choose = byName([[/embed_tokens/, make(table)]], make(options));
  return (/** @type {import('@peftjs/delta').NamedTensor} */ tensor) => {
    const scale = scales[tensor.name];
    return scale === undefined ? choose(tensor) : sign({ scales: Float32Array.of(scale) });
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
    /** `oneWay`: its bytes without what only undoing needs. */
    diff: async ({ out }) => {
      const ms = await timed(() => diff(base, tuned, out, { codec: codecOf(codec) }));
      const { bytes, codecs } = await inspect(out);
      const { manifest } = await openDelta(out);
      let corrections = 0;
      for (const { payloads } of manifest.tensors.values())
        for (const chunks of Object.values(payloads.correction?.parts ?? {}))
          for (const chunk of chunks) corrections += chunk.bytes;
      return { ms, bytes, oneWay: bytes - corrections, codecs };
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
