// @ts-check
// What do a training step at SmolLM2-135M's shape and its memory cost, with activations kept and with each block run
// again, beside torch and PEFT with and without gradient checkpointing? One row of 128 tokens, rank 8 on q and v.
import { peftjs, torch } from './engines/specs.mjs';
import { compareSteps } from './harness/compare-steps.mjs';
import { readOptions } from './harness/options.mjs';
import { megabytes, printAbsent, printTable, report } from './harness/results.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { smollm2, tiny } from './workload/shapes.mjs';

const QUESTION = "What do a LoRA step at SmolLM2-135M's shape and its memory cost, activations kept or recomputed?";

const options = readOptions({ rounds: 4 });
const workload = options.quick ? tiny(3) : smollm2();

await withWorkload(workload, async (folder) => {
  const keep = { folder, threads: 2, learningRate: 1e-3 };
  const again = { ...keep, recompute: true };
  const specs = [
    torch('train', keep),
    torch('train', again, ', checkpointing'),
    peftjs('train', 'wasm', keep),
    peftjs('train', 'wasm', again, ', recompute'),
    peftjs('train', 'node', keep),
    peftjs('train', 'node', again, ', recompute'),
  ];
  const { results, agreement, absent, others } = await compareSteps(specs, options);
  printTable(
    ['engine', 'ms', 'least', 'x torch', 'first step', 'start', 'peak MB', 'at rest', 'RSS MB'],
    results.map((r) => [
      r.engine,
      r.medianMs,
      r.leastMs,
      r.ratio,
      r.firstStepMs,
      r.startMs,
      megabytes(r.peakBytes),
      megabytes(r.restingBytes),
      megabytes(r.peakResidentBytes),
    ]),
  );
  printAbsent(absent);
  await report('smollm2-step', QUESTION, options, { workload, agreement, others, results, absent });
});
