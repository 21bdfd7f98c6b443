// @ts-check
// What does our backward pass save? Peak of distinct buffers and time of the loss and gradients of a four-layer Llama:
// plain TensorFlow.js, tfjs's backward pass over our fused ops, our backward pass, and our backward pass with recomputation.
import { noisy } from '@peftjs/lora';
import { peftjs, plain } from './engines/specs.mjs';
import { compareSteps } from './harness/compare-steps.mjs';
import { readOptions } from './harness/options.mjs';
import { megabytes, printAbsent, printTable, report } from './harness/results.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { small, tiny } from './workload/shapes.mjs';

const QUESTION = 'What do our fused ops, our backward pass and recomputation save of memory and time?';
const LAYERS = 4;

const options = readOptions({ rounds: 6, own: ['backend'] });
const backends = /** @type {('wasm' | 'node')[]} */ (options.more.backend?.split(',') ?? ['node', 'wasm']);
const workload = options.quick ? tiny(LAYERS) : small(LAYERS);

await withWorkload(
  workload,
  async (folder) => {
    const sides = [];
    for (const backend of backends) {
      const own = { folder, threads: 2 };
      const specs = [
        plain(backend, { folder, learningRate: 0, update: false }),
        peftjs('gradients', backend, { ...own, backward: 'tfjs' }, ", tfjs's backward"),
        peftjs('gradients', backend, { ...own, backward: 'ours' }, ', ours'),
        peftjs('gradients', backend, { ...own, backward: 'ours', recompute: true }, ', ours, recompute'),
      ];
      sides.push(await compareSteps(specs, options));
    }
    const results = sides.flatMap((side) => side.results);
    printTable(
      ['engine', 'ms', 'x plain', 'kernels', 'peak MB', 'at rest'],
      results.map((r) => [r.engine, r.medianMs, r.ratio, r.kernels, megabytes(r.peakBytes), megabytes(r.restingBytes)]),
    );
    const absent = Object.assign({}, ...sides.map((side) => side.absent));
    printAbsent(absent);
    const agreement = sides.map((side) => side.agreement);
    const others = sides.map((side) => side.others);
    await report('backward', QUESTION, options, { workload, agreement, others, results, absent });
  },
  { init: noisy },
);
