// `peftjs generate`: continues a prompt, a token at a time.
import { streamText } from '@peftjs/models';
import { backendOptions, startBackend } from '../backend-options.ts';
import { type Command, command, EXIT } from '../command.ts';
import { adapterOption, modelOption, needTokenizer, openAdapter, openModel } from '../model-options.ts';
import { integer, orElse, required, text } from '../option.ts';
import { generateOptions, samplingOptions } from '../sampling-options.ts';
import { weightsOption } from '../weights-option.ts';

const options = {
  model: modelOption,
  adapter: adapterOption,
  prompt: required(text('TEXT', 'what to continue')),
  ...samplingOptions,
  seed: orElse(integer('N', 'decides what is drawn'), 0),
  weights: weightsOption,
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
  ],
  async run(values, run) {
    const { report, signal } = run;
    const { prompt, seed } = values;
    await startBackend(values, report);
    const model = await openModel(values.model, run, values.weights);
    needTokenizer(model);
    if (values.adapter !== undefined) await openAdapter(model, values.adapter);
    report.say();
    report.write(prompt);
    let text = '';
    for await (const piece of streamText(model, prompt, generateOptions(values, seed, signal))) {
      text += piece;
      report.write(piece);
    }
    report.write('\n');
    report.result({ model: values.model, adapter: values.adapter ?? null, prompt, text });
    return EXIT.ok;
  },
});
