// `peftjs eval`: how well a model predicts a text, and how much better with an adapter.
import { createBatches, digest, findDataSet } from '@peftjs/data';
import { meanLoss } from '@peftjs/train';
import { type Command, command, EXIT } from '../command.ts';
import { counted } from '../figures.ts';
import { choice, integer } from '../option.ts';
import { adaptersOption, attachAdapters, loadAdapters, namedFolders } from '../options/adapters-option.ts';
import { backendOptions, startBackend } from '../options/backend-options.ts';
import { dataOptions, readText } from '../options/data-options.ts';
import { deltaOption, modelOption, openModel } from '../options/model-options.ts';
import { needTokenizer } from '../options/need-tokenizer.ts';
import { trustOf, trustOption } from '../options/trust-option.ts';
import { weightsOptions } from '../options/weights-options.ts';
import { checkTask, needsOf, taskOption } from '../training/data-needs.ts';
import { lossText } from '../training/training-session.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  model: modelOption,
  delta: deltaOption,
  adapter: adaptersOption,
  ...trustOption,
  task: taskOption,
  ...dataOptions,
  split: choice(
    ['valid', 'test', 'train'],
    "which of a folder's files; valid when left out, or test where there is no valid",
  ),
  sequences: integer('N', 'only the first N sequences', { min: 1 }),
  ...weightsOptions,
  ...backendOptions,
};

export const evaluate: Command = command({
  name: 'eval',
  output: 'report',
  about: 'Prints the mean loss (nats a token) and the perplexity of a model on text, and those with an adapter.',
  options,
  examples: [
    ['eval --model HuggingFaceTB/SmolLM2-135M --data held-out.txt', 'the model alone'],
    ['eval --model base --adapter out/notes --data texts/ --split test', 'with an adapter, on a file of a folder'],
    ['eval --model base --adapter style=out/style --adapter notes=out/notes --data held-out.txt', 'with two'],
    ['eval --model base --delta out/delta --data held-out.txt', 'the fine-tuned model that a delta makes of it'],
    ['eval --model base --adapter out/tasks --task 2 --data of-task-2.txt', 'with a prompt of several tasks'],
  ],
  async run(values, run) {
    const { report, signal } = run;
    const { task } = values;
    const folders = namedFolders(values.adapter);
    const trust = await trustOf(values);
    const adapters = await loadAdapters(folders, trust);
    const needs = needsOf(adapters);
    checkTask(task, needs);
    const backend = await startBackend(values, report);
    const model = await openModel(values.model, run, values, { delta: values.delta, trust });
    const found = await findDataSet(values.data);
    const split = values.split ?? (found.valid ? 'valid' : found.test ? 'test' : 'train');
    const source = found[split];
    if (source === null) throw new UsageError(`${values.data} has no ${split} file; leave out --split, or add it`);
    // A task that is given is that of every text.
    const text = await readText(source, values, model, task === undefined ? needs : { ...needs, tasks: 0 });
    const sequences = text.sequences
      .slice(0, values.sequences)
      .map((one) => (task === undefined ? one : { ...one, task }));
    const { padId } = needTokenizer(model);
    const batches = createBatches(sequences, { batchSize: values['batch-size'], padId, shuffle: false });
    report.say(`data     ${text.file}: ${counted(sequences.length, 'sequence')}`);

    const measure = async () => {
      const loss = await meanLoss(model, batches, signal);
      return { loss, perplexity: Math.exp(loss) };
    };
    const base = await measure();
    report.say(`${values.delta === undefined ? 'base ' : 'tuned'}    ${lossText(base.loss)}`);
    let adapted: typeof base | null = null;
    if (adapters.length > 0) {
      await attachAdapters(model, adapters, values, report);
      adapted = await measure();
      report.say(`${(adapters.length === 1 ? 'adapter' : 'adapters').padEnd(8)} ${lossText(adapted.loss)}`);
    }
    const about = { model: values.model, delta: values.delta, adapters: folders, backend: backend.name };
    const data = { file: text.file, sequences: sequences.length, digest: await digest(text.examples) };
    report.result({ ...about, data, base, adapted });
    return EXIT.ok;
  },
});
