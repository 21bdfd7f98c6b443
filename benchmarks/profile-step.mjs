// @ts-check
// Where does the time of a LoRA training step go, operation by operation? `--engines peftjs` picks engines by a part
// of their names, `--shape small|smollm2` the model. Times are each operation's own, without what it calls.
import { join } from 'node:path';
import { peftjs, plain } from './engines/specs.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { printAbsent, printTable, report } from './harness/results.mjs';
import { round } from './harness/statistics.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { small, smollm2, tiny } from './workload/shapes.mjs';

const QUESTION = 'Where does the time of a LoRA training step go, operation by operation?';
/** Operations shown. */
const ROWS = 24;

const options = readOptions({ rounds: 20, own: ['shape'] });
const workload = options.quick ? tiny() : options.more.shape === 'smollm2' ? smollm2() : small();
const steps = options.rounds;

await withWorkload(workload, async (folder) => {
  const own = { folder, threads: 2, learningRate: 1e-3 };
  const specs = [
    peftjs('train', 'wasm', own),
    peftjs('train', 'wasm', { ...own, threads: 1 }),
    peftjs('train', 'node', own),
    plain('wasm', own),
    plain('node', own),
  ];
  const { engines, absent } = await startEngines(specs.filter(({ name }) => options.wants(name)));
  const results = [];
  for (const engine of engines) {
    await engine.ask('steps', { count: Math.min(3, steps) });
    const { totalMs, outsideMs, kernels, operations } = await engine.ask('profile', { count: steps });
    const share = (/** @type {number} */ ms) => `${((100 * ms) / totalMs).toFixed(1)} %`;
    console.log(`\n${engine.name}: ${round(totalMs / steps)} ms a step, ${kernels / steps} kernels`);
    const rows = operations
      .slice(0, ROWS)
      .map((/** @type {import('./engines/self-times.mjs').SelfTime} */ o) => [
        o.name,
        round(o.calls / steps, 3),
        round(o.ms / steps, 3),
        share(o.ms),
      ]);
    printTable(
      ['operation', 'calls', 'ms', 'share'],
      [...rows, ['between operations', null, round(outsideMs / steps, 3), share(outsideMs)]],
    );
    results.push({ engine: engine.name, steps, totalMs, outsideMs, kernels, operations });
    await engine.close();
  }
  printAbsent(absent);
  const result = { workload, results, absent };
  await report('profile-step', QUESTION, { ...options, out: options.out && join(options.out, 'profiles') }, result);
});
