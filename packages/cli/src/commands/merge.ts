// `peftjs merge`: folds an adapter into its base, checks that the model still says the same, and saves it.
import { recordOf } from '@peftjs/checkpoint';
import { countParameters, merge } from '@peftjs/core';
import { type CausalLM, saveModel, type TokenBatch } from '@peftjs/models';
import { type Command, command, EXIT } from '../command.ts';
import { count } from '../figures.ts';
import { checkOut } from '../folders/check-out.ts';
import { writeModelRecord } from '../folders/model-record.ts';
import { filesBeside } from '../folders/tokenizer-files.ts';
import { given } from '../given.ts';
import { choice, number, orElse, required, text } from '../option.ts';
import { backendOptions, startBackend } from '../options/backend-options.ts';
import { adapterOption, modelOption, openAdapter, openModel } from '../options/model-options.ts';
import { storyOf, storyOptions } from '../options/story-options.ts';
import { trustOf, trustOption } from '../options/trust-option.ts';
import { weightsOptions } from '../options/weights-options.ts';

const options = {
  model: modelOption,
  adapter: required(adapterOption),
  ...trustOption,
  out: required(text('DIR', 'where the merged model is saved')),
  tolerance: number(
    'SHARE',
    "the most that the output may change, relative to its largest number; the library's when left out",
    {
      above: 0,
    },
  ),
  ...weightsOptions,
  dtype: orElse(choice(['F32', 'F16', 'BF16'], 'how numbers are stored; codes stay codes'), 'F32'),
  ...storyOptions,
  ...backendOptions,
};

export const mergeAdapter: Command = command({
  name: 'merge',
  output: 'report',
  about: `Folds an adapter into its base model and saves that as a folder of its own, tokenizer and all.
Before it is saved, its output on a probe is compared with that of base and adapter. Over --weights of few bits what is merged is
rounded again, which is refused where too much is lost.`,
  options,
  examples: [
    ['merge --model HuggingFaceTB/SmolLM2-135M --adapter out/notes --out out/merged', 'one folder for everyone'],
    [
      'merge --model out/small --weights as-stored --adapter out/notes --out out/merged',
      'into the codes of a quantized one',
    ],
  ],
  async run(values, run) {
    const { report } = run;
    const { out, dtype } = values;
    await checkOut(out, values.model, 'model');
    const backend = await startBackend(values, report);
    const model = await openModel(values.model, run, values);
    const adapter = await openAdapter(model, values.adapter, await trustOf(values), values, report);
    report.say(`adapter  ${values.adapter}: ${adapter.summary()}`);
    const probe = probeFor(model);
    const { change } = await merge(adapter, {
      probe: () => model.logits(probe),
      ...given({ tolerance: values.tolerance }),
    });
    report.say(`checked  the output on a probe is the same but for ${(change ?? 0).toExponential(1)}`);
    await saveModel(model, out, { dtype, files: await filesBeside(values.model) });
    const base = { name: model.base.name, fingerprint: await model.base.fingerprint() };
    const parents = [(await recordOf(values.adapter))?.hash].filter((hash) => typeof hash === 'string');
    await writeModelRecord(out, { base, parents, ...storyOf(values) });
    report.say(`model    ${out}: ${count(countParameters(model))} parameters as ${dtype}`);
    report.result({ out, dtype, parameters: countParameters(model), change, backend: backend.name });
    return EXIT.ok;
  },
});

/** Two rows of tokens from all over the vocabulary. */
function probeFor(model: CausalLM): TokenBatch {
  const embedding = model.sites().find((site) => site.kind === 'embedding');
  const vocab = embedding?.kind === 'embedding' ? embedding.vocab : 2;
  const t = Math.min(32, model.contextLength);
  const inputIds = Int32Array.from({ length: 2 * t }, (_, i) => (i * 2_654_435_761) % vocab);
  return { inputIds, attentionMask: new Int32Array(2 * t).fill(1), shape: [2, t] };
}
