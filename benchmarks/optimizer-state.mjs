// @ts-check
// What does it cost to keep AdamW's means in 8 bits? All weights of a model of 2.8 million parameters learn the novel of its
// corpus with both, the same steps over the same data: what is held, the losses, and the time of a step.
import { engine, useBackend } from '@peftjs/backend';
import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { adamw, adamw8bit, cosine, meanLoss, train } from '@peftjs/train';
import { readOptions } from './harness/options.mjs';
import { megabytes, printTable, report } from './harness/results.mjs';
import { median, round } from './harness/statistics.mjs';
import { LENGTH, novelWorkload } from './workload/novel.mjs';

const QUESTION = "What does it cost to keep AdamW's means in 8 bits: state, held-out loss, time of a step?";

const options = readOptions({ rounds: 1 });
const { steps, batchSize, chapters } = options.quick
  ? { steps: 2, batchSize: 2, chapters: { learned: 1, heldOut: 1 } }
  : { steps: 100, batchSize: 4, chapters: { learned: 121, heldOut: 6 } };

const { backend, device } = await useBackend([node({ device: 'cpu', threads: 2 }), wasm({ threads: 2 })]);

const results = [];
for (const optimizer of [adamw(), adamw8bit()]) {
  const { model, training, heldOut } = await novelWorkload(chapters, batchSize);
  const trainable = model.parameters();
  const stateBytes = engine().tidy(() =>
    trainable.parameters
      .flatMap(({ variable }) => Object.values(optimizer.slots(variable.shape)))
      .reduce((sum, { size }) => sum + 4 * size, 0),
  );
  const numbers = trainable.parameters.reduce((sum, { variable }) => sum + variable.size, 0);
  const times = [];
  let last = 0;
  for await (const event of train(model, training, {
    ...{ trainable, optimizer, learningRate: 5e-4, steps, schedule: cosine({ warmup: 0.1 }) },
  })) {
    if (event.type !== 'step') continue;
    times.push(1000 / event.stepsPerSecond);
    last = event.loss;
  }
  const loss = await meanLoss(model, heldOut);
  model.dispose();
  results.push({
    engine: optimizer.name,
    medianMs: round(median(times.slice(1))),
    stateBytes,
    stateBytesPerNumber: round(stateBytes / numbers, 3),
    lastLoss: round(last),
    heldOutLoss: round(loss, 5),
  });
}

printTable(
  ['', 'step, ms', 'state MB', 'a number', 'last loss', 'held-out loss'],
  results.map((r) => [r.engine, r.medianMs, megabytes(r.stateBytes), r.stateBytesPerNumber, r.lastLoss, r.heldOutLoss]),
);
const workload = { steps, batchSize, chapters, length: LENGTH, backend, device };
await report('optimizer-state', QUESTION, options, { workload, results });
