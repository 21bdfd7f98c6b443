// @ts-check
// How long does one LoRA training step take beside torch and PEFT, and beside TensorFlow.js as it is shipped?
// A small Llama (2 layers, d 256, vocabulary 1000, 4 rows of 128 tokens, rank 8 on q and v): the same weights, adapter and
// batches in all engines, and the same losses, or it fails. AdamW, learning rate 1e-3, clipping at 1, no dropout.
import { peftjs, plain, torch } from './engines/specs.mjs';
import { compareSteps } from './harness/compare-steps.mjs';
import { readOptions } from './harness/options.mjs';
import { megabytes, printAbsent, printTable, report } from './harness/results.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { small, tiny } from './workload/shapes.mjs';

const QUESTION = 'How long does one LoRA training step take, beside torch and PEFT and beside plain TensorFlow.js?';

const options = readOptions({ rounds: 12 });
const workload = options.quick ? tiny() : small();

await withWorkload(workload, async (folder) => {
  const two = { folder, threads: 2, learningRate: 1e-3 };
  const one = { ...two, threads: 1 };
  const specs = [
    torch('train', two),
    torch('train', one),
    peftjs('train', 'wasm', two),
    peftjs('train', 'wasm', one),
    peftjs('train', 'node', two),
    plain('wasm', two),
    plain('node', two),
  ];
  const { results, agreement, absent, others } = await compareSteps(specs, options);
  printTable(
    ['engine', 'ms', 'least', 'x torch', 'first step', 'start', 'kernels', 'peak MB', 'RSS MB'],
    results.map((r) => [
      r.engine,
      r.medianMs,
      r.leastMs,
      r.ratio,
      r.firstStepMs,
      r.startMs,
      r.kernels,
      megabytes(r.peakBytes),
      megabytes(r.peakResidentBytes),
    ]),
  );
  printAbsent(absent);
  await report('lora-step', QUESTION, options, { workload, agreement, others, results, absent });
});
