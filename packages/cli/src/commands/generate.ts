// `peftjs generate`: continues a prompt, a token at a time.
import { streamText } from '@peftjs/models';
import { type Command, command, EXIT } from '../command.ts';
import { integer, orElse, required, text } from '../option.ts';
import { adaptersOption, attachAdapters, loadAdapters, namedFolders } from '../options/adapters-option.ts';
import { backendOptions, startBackend } from '../options/backend-options.ts';
import { deltaOption, modelOption, openModel } from '../options/model-options.ts';
import { needTokenizer } from '../options/need-tokenizer.ts';
import { generateOptions, samplingOptions } from '../options/sampling-options.ts';
import { trustOf, trustOption } from '../options/trust-option.ts';
import { weightsOptions } from '../options/weights-options.ts';
import { checkTask, needsOf, taskOption } from '../training/data-needs.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  model: modelOption,
  delta: deltaOption,
  adapter: adaptersOption,
  ...trustOption,
  task: taskOption,
  prompt: required(text('TEXT', 'what to continue')),
  ...samplingOptions,
  seed: orElse(integer('N', 'decides what is drawn'), 0),
  ...weightsOptions,
  ...backendOptions,
};

export const generate: Command = command({
  name: 'generate',
  output: 'text',
  about: 'Continues a prompt. The text goes to stdout as it comes, everything else to stderr.',
  options,
  examples: [
    ['generate --model HuggingFaceTB/SmolLM2-135M --prompt "Once upon a time"', 'the likeliest continuation'],
    [
      'generate --model base --adapter out/notes --prompt "Dear" --temperature 0.8 --top-p 0.95 --seed 7',
      'a random one',
    ],
    [
      'generate --model base --adapter style=out/style --adapter notes=out/notes --prompt "Dear"',
      'two, one upon the other',
    ],
    ['generate --model base --delta out/delta --prompt "Dear"', 'the fine-tuned model that a delta makes of it'],
    ['generate --model base --adapter out/tasks --task 2 --prompt "Dear"', 'a prompt of several tasks'],
  ],
  async run(values, run) {
    const { report, signal } = run;
    const { prompt, seed, task } = values;
    const folders = namedFolders(values.adapter);
    const trust = await trustOf(values);
    const adapters = await loadAdapters(folders, trust);
    const needs = needsOf(adapters);
    checkTask(task, needs);
    if (needs.tasks > 0 && task === undefined) {
      throw new UsageError(`--task N is missing: the adapter tells tasks apart, 0 to ${needs.tasks - 1}`);
    }
    await startBackend(values, report);
    const model = await openModel(values.model, run, values, { delta: values.delta, trust });
    needTokenizer(model);
    await attachAdapters(model, adapters, values, report);
    report.say();
    report.write(prompt);
    let text = '';
    for await (const piece of streamText(model, prompt, generateOptions(values, seed, signal))) {
      text += piece;
      report.write(piece);
    }
    report.write('\n');
    report.result({ model: values.model, delta: values.delta, adapters: folders, prompt, text });
    return EXIT.ok;
  },
});
