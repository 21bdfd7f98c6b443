// @ts-check
// What does a LoRA training step ask of a GPU? Dispatches, bytes and compiled pipelines of the small Llama of lora-step, with
// our forms of the fused ops and with their references alone. Counts, not times: they are the same on every device with the
// same limits, and must be the same in every step after the first two, or it fails.
import { isDeepStrictEqual } from 'node:util';
import { vulkanEnvironment } from '../scripts/vulkan.mjs';
import { checkAgreement } from './harness/agreement.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { megabytes, printAbsent, printTable, report } from './harness/results.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { small, tiny } from './workload/shapes.mjs';

const QUESTION = 'What does a LoRA training step ask of a GPU, with fused ops and without?';
/** Buffers are made in the first step, and those that it has freed are taken again from the second on. */
const WARM = 2;
const STEPS = 4;

const options = readOptions({ rounds: 1 });
const workload = options.quick ? tiny() : small();

/** @param {string} folder @param {boolean} fused @returns {import('./harness/engine.mjs').EngineSpec} */
const webgpu = (folder, fused) => ({
  name: `peftjs webgpu (${fused ? 'fused ops' : 'references'})`,
  language: 'javascript',
  file: 'engines/peftjs-dispatches.mjs',
  options: { folder, learningRate: 1e-3, fused },
  env: vulkanEnvironment(),
});

await withWorkload(workload, async (folder) => {
  const specs = [webgpu(folder, true), webgpu(folder, false)].filter(({ name }) => options.wants(name));
  const { engines, absent } = await startEngines(specs);
  /** @type {Map<string, { losses: number[], norms: number[] }>} */
  const records = new Map();
  const results = [];
  let gpu = null;
  for (const engine of engines) {
    const taken = [];
    for (let i = 0; i < STEPS; i++) taken.push(await engine.ask('step'));
    await engine.close();
    records.set(engine.name, { losses: taken.map(({ loss }) => loss), norms: taken.map(({ norm }) => norm) });
    const [counts, ...others] = taken.slice(WARM).map((one) => one.counts);
    for (const other of others) {
      if (!isDeepStrictEqual(other, counts))
        throw new Error(`${engine.name}: two steps differ: ${JSON.stringify(other)} and ${JSON.stringify(counts)}`);
    }
    if (counts.pipelines !== 0) throw new Error(`${engine.name}: step ${STEPS} compiled ${counts.pipelines} pipelines`);
    const pipelines = taken.reduce((sum, one) => sum + one.pipelines, 0);
    results.push({ engine: engine.name, ...counts, pipelines });
    gpu = engine.about;
  }
  printTable(
    ['engine', 'dispatches', 'submits', 'pipelines', 'uploaded', 'read', 'MB bound'],
    results.map((r) => [
      r.engine,
      r.dispatches,
      r.submits,
      r.pipelines,
      r.uploadBytes,
      r.readBytes,
      megabytes(r.boundBytes),
    ]),
  );
  printAbsent(absent);
  const agreement = engines.length > 1 ? checkAgreement(records, engines.at(-1)?.name ?? '') : null;
  await report('webgpu-step', QUESTION, options, { workload, gpu, agreement, results, absent });
});
