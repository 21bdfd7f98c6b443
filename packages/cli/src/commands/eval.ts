// `peftjs eval`: how well a model predicts a text, and how much better with an adapter.
import { loadAdapter } from '@peftjs/checkpoint';
import { createBatches, digest, findDataSet } from '@peftjs/data';
import { meanLoss } from '@peftjs/train';
import { backendOptions, startBackend } from '../backend-options.ts';
import { type Command, command, EXIT } from '../command.ts';
import { dataOptions, readText } from '../data-options.ts';
import { counted } from '../figures.ts';
import { adapterOption, modelOption, needTokenizer, openAdapter, openModel } from '../model-options.ts';
import { choice, integer } from '../option.ts';
import { lossText } from '../training-session.ts';
import { UsageError } from '../usage-error.ts';
import { weightsOption } from '../weights-option.ts';

const options = {
  model: modelOption,
  adapter: adapterOption,
  ...dataOptions,
  split: choice(
    ['valid', 'test', 'train'],
    "which of a folder's files; valid when left out, or test where there is no valid",
  ),
  sequences: integer('N', 'only the first N sequences', { min: 1 }),
  weights: weightsOption,
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
  ],
  async run(values, run) {
    const { report, signal } = run;
    const backend = await startBackend(values, report);
    const model = await openModel(values.model, run, values.weights);
    const found = await findDataSet(values.data);
    const split = values.split ?? (found.valid ? 'valid' : found.test ? 'test' : 'train');
    const source = found[split];
    if (source === null) throw new UsageError(`${values.data} has no ${split} file; leave out --split, or add it`);
    const reserved = values.adapter === undefined ? 0 : await virtualTokensIn(values.adapter);
    const text = await readText(source, values, model, reserved);
    const sequences = text.sequences.slice(0, values.sequences);
    const { padId } = needTokenizer(model);
    const batches = createBatches(sequences, { batchSize: values['batch-size'], padId, shuffle: false });
    report.say(`data     ${text.file}: ${counted(sequences.length, 'sequence')}`);

    const measure = async () => {
      const loss = await meanLoss(model, batches, signal);
      return { loss, perplexity: Math.exp(loss) };
    };
    const base = await measure();
    report.say(`base     ${lossText(base.loss)}`);
    let adapted: typeof base | null = null;
    if (values.adapter !== undefined) {
      await openAdapter(model, values.adapter);
      adapted = await measure();
      report.say(`adapter  ${lossText(adapted.loss)}`);
    }
    const about = { model: values.model, adapter: values.adapter ?? null, backend: backend.name };
    const data = { file: text.file, sequences: sequences.length, digest: await digest(text.examples) };
    report.result({ ...about, data, base, adapted });
    return EXIT.ok;
  },
});

/** Positions of the context that an adapter's prompt or prefix takes. */
async function virtualTokensIn(adapter: string): Promise<number> {
  const { config } = await loadAdapter(adapter);
  return Number(config.num_virtual_tokens ?? 0);
}
