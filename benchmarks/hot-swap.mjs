// @ts-check
// How long does it take to put a LoRA in the place of another: from memory, from disk, over HTTP; against taking one off and
// then putting the other on, and against adapters that are merged? --shape sotu (the default) or smollm2.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { saveAdapter } from '@peftjs/checkpoint';
import { attach } from '@peftjs/core';
import { lora, noisy } from '@peftjs/lora';
import { loadModel } from '@peftjs/models';
import { peftjs, torch } from './engines/specs.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { megabytes, printAbsent, printTable, report } from './harness/results.mjs';
import { compareTurns, takeTurns } from './harness/take-turns.mjs';
import { warnOfOthers } from './harness/watch-others.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { smollm2, sotu, tiny } from './workload/shapes.mjs';

const QUESTION = 'How long does it take to put an adapter in the place of another?';
const NAMES = ['adapter', 'other'];
const WAYS = [
  'replaced from memory',
  'replaced from disk',
  'replaced over HTTP',
  'detached, then attached from disk',
  'unmerged, then merged from disk',
];
const REFERENCE = 'detached, then attached from disk';
const TORCH_WAYS = ['hotswap_adapter', 'load_adapter, then delete_adapter'];
const SHAPES = { sotu, smollm2 };

const options = readOptions({ rounds: 10, own: ['shape'] });
const shape = /** @type {keyof typeof SHAPES} */ (options.more.shape ?? 'sotu');
const workload = options.quick ? tiny() : SHAPES[shape]();

/** Another adapter of the same rank on the same modules, which is all that PEFT's hotswap takes. @param {string} folder */
async function saveOther(folder) {
  const model = await loadModel(join(folder, 'base'));
  const { r } = workload;
  const adapter = attach(model, lora({ r, targets: ['q_proj', 'v_proj'], init: noisy }), { seed: 8 });
  await saveAdapter(adapter, join(folder, 'other'));
  adapter.detach();
  model.dispose();
}

/** Serves the adapters' files as they are on disk. @param {string} folder */
async function serve(folder) {
  const server = createServer(({ url = '' }, response) => {
    const [, name = '', file = ''] = url.split('/');
    try {
      if (NAMES.includes(name)) return void response.end(readFileSync(join(folder, name, file)));
    } catch {}
    response.writeHead(404).end();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

await withWorkload(
  workload,
  async (folder) => {
    await saveOther(folder);
    const server = await serve(folder);
    try {
      const own = { folder, threads: 2, names: NAMES, url: server.url, prompt: [1, 2, 3, 4] };
      const specs = [peftjs('swap', 'wasm', own), peftjs('swap', 'node', own), torch('swap', own)];
      const { engines, absent } = await startEngines(specs.filter(({ name }) => options.wants(name)));
      const count = options.quick ? 1 : 5;
      const waysOf = (/** @type {string} */ language) => (language === 'python' ? TORCH_WAYS : WAYS);
      const { turns, others } = await takeTurns(engines, waysOf, { rounds: options.rounds, count });
      const results = [];
      for (const one of turns) {
        const inspected =
          one.engine.language === 'python' ? {} : await one.engine.ask('inspect', { variant: one.variant });
        if (inspected.tensorsLeft || inspected.bytesLeft)
          throw new Error(
            `${one.engine.name}, ${one.variant}: ${inspected.tensorsLeft} tensors and ${inspected.bytesLeft} bytes are left`,
          );
        const reference = one.engine.language === 'python' ? /** @type {string} */ (TORCH_WAYS[1]) : REFERENCE;
        results.push({ ...compareTurns(turns, one, reference), ...inspected });
      }
      for (const engine of engines) await engine.close();
      printTable(
        ['engine', 'ms', 'least', 'x detach and attach', 'MB at once'],
        results.map((r) => [r.engine, r.medianMs, r.leastMs, r.ratio, megabytes(r.swapBytes)]),
      );
      printAbsent(absent);
      if (!options.quick) warnOfOthers(others);
      const command = `node benchmarks/hot-swap.mjs --shape ${shape}`;
      const name = shape === 'sotu' ? 'hot-swap' : `hot-swap-${shape}`;
      await report(name, QUESTION, options, { command, workload, others, results, absent });
    } finally {
      server.close();
    }
  },
  { init: noisy },
);
