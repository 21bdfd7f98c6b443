// @ts-check
// How long does it take to make a loaded model another variant of its base: by deltas that are loaded beside it, by one that
// is read from disk, by loading the model again? --shape sotu (the default) or smollm2.
import { relativeError, TOLERANCES } from '@peftjs/testing';
import { peftjs, torch } from './engines/specs.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { megabytes, printAbsent, printTable, report } from './harness/results.mjs';
import { compareTurns, takeTurns } from './harness/take-turns.mjs';
import { warnOfOthers } from './harness/watch-others.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { smollm2, sotu, tiny } from './workload/shapes.mjs';
import { saveVariants, VARIANTS } from './workload/variants.mjs';

/** @typedef {import('./harness/engine.mjs').Engine} Engine */

const QUESTION = 'How long does it take to make a loaded model another variant of its base?';
const AGAIN = 'the model loaded again';
const WAYS = ['put on, then taken off', 'one for the other', 'one for the other, read from disk', AGAIN];
const TORCH_WAYS = ['load_state_dict from memory', 'load_state_dict from disk', AGAIN];
const SHAPES = { sotu, smollm2 };
/** The others take minutes with a large model. */
const IN_ALL_SHAPES = ['wasm (2 threads)', 'torch'];

const options = readOptions({ rounds: 2, own: ['shape'] });
const shape = /** @type {keyof typeof SHAPES} */ (options.more.shape ?? 'sotu');
const workload = options.quick ? tiny() : SHAPES[shape]();

/** The engines that hold the numbers as they are compute the same. @param {readonly Engine[]} engines */
async function checkAgreement(engines) {
  const [first, ...others] = engines.filter(({ name }) => !name.includes('int8'));
  for (const name of VARIANTS) {
    const wanted = await first?.ask('logits', { name });
    for (const engine of others) {
      const error = relativeError(await engine.ask('logits', { name }), wanted);
      if (!(error <= TOLERANCES.logits))
        throw new Error(`${engine.name} has other logits than ${first?.name}: ${error}`);
    }
  }
}

await withWorkload(workload, async (folder) => {
  await saveVariants(folder);
  const own = { folder, threads: 2, names: VARIANTS, prompt: [1, 2, 3, 4], storage: 'f32' };
  const specs = [
    peftjs('switch', 'wasm', own),
    peftjs('switch', 'wasm', { ...own, storage: 'int8' }, ', int8'),
    peftjs('switch', 'node', own),
    { ...torch('switch', own), name: 'torch (2 threads)' },
  ].filter(({ name }) => shape === 'sotu' || IN_ALL_SHAPES.some((part) => name.includes(part)));
  const { engines, absent } = await startEngines(specs.filter(({ name }) => options.wants(name)));
  await checkAgreement(engines);
  const waysOf = (/** @type {string} */ language) => (language === 'python' ? TORCH_WAYS : WAYS);
  const { turns, others } = await takeTurns(engines, waysOf, {
    rounds: options.rounds,
    count: shape === 'sotu' ? 8 : 1,
  });
  const results = [];
  for (const one of turns) {
    const { engine, variant } = one;
    const inspected = engine.language === 'python' ? {} : await engine.ask('inspect', { variant });
    const { tensorsLeft, bytesLeft } = inspected;
    if (tensorsLeft || bytesLeft)
      throw new Error(`${engine.name}, ${variant}: ${tensorsLeft} tensors and ${bytesLeft} bytes are left`);
    results.push({ ...compareTurns(turns, one, AGAIN), modelBytes: engine.about.modelBytes, ...inspected });
  }
  for (const engine of engines) await engine.close();
  printTable(
    ['engine', 'ms', 'least', 'x loaded again', 'MB, model', 'MB beside it', 'MB at once'],
    results.map((r) => [
      ...[r.engine, r.medianMs, r.leastMs, r.ratio],
      ...[megabytes(r.modelBytes), megabytes(r.heldBytes), megabytes(r.changeBytes)],
    ]),
  );
  printAbsent(absent);
  if (!options.quick) warnOfOthers(others);
  const command = `node benchmarks/switch-delta.mjs --shape ${shape}`;
  const name = shape === 'sotu' ? 'switch-delta' : `switch-delta-${shape}`;
  await report(name, QUESTION, options, { command, workload, others, results, absent });
});
