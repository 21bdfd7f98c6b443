// `peftjs convert`: a model as a folder of numbers, whatever it was held in.
import { countParameters } from '@peftjs/core';
import { saveModel } from '@peftjs/models';
import { type Command, command, EXIT } from '../command.ts';
import { count } from '../figures.ts';
import { checkOut } from '../folders/check-out.ts';
import { writeModelRecord } from '../folders/model-record.ts';
import { filesBeside } from '../folders/tokenizer-files.ts';
import { required, text } from '../option.ts';
import { backendOptions, startBackend } from '../options/backend-options.ts';
import { dtypeOf, modelDtype } from '../options/model-dtype.ts';
import { modelOption, openModel } from '../options/model-options.ts';

const options = {
  model: modelOption,
  out: required(text('DIR', 'where the model is saved')),
  dtype: modelDtype('how numbers are stored'),
  ...backendOptions,
};

export const convert: Command = command({
  name: 'convert',
  output: 'report',
  about: `Saves a GGUF file, or a folder in the codes of bitsandbytes, as a folder of safetensors in Hugging Face's layout: every code
as the number that it stands for, tokenizer and all. Of a folder of numbers it changes the type.`,
  options,
  examples: [
    ['convert --model base.gguf --out out/base', 'what peftjs delta takes as a base'],
    ['convert --model out/small --dtype BF16 --out out/numbers', 'a quantized folder, as numbers again'],
  ],
  async run(values, run) {
    const { report } = run;
    const { out } = values;
    await checkOut(out, values.model, 'model');
    const backend = await startBackend(values, report);
    const model = await openModel(values.model, run, { weights: 'as-stored' });
    const dtype = values.dtype ?? dtypeOf(model);
    const parameters = countParameters(model);
    await saveModel(model, out, { dtype, decode: true, files: await filesBeside(values.model) });
    const base = { name: model.base.name, fingerprint: await model.base.fingerprint() };
    await writeModelRecord(out, { base, recipe: { dtype } });
    report.say(`model    ${out}: ${count(parameters)} parameters as ${dtype}`);
    report.result({ out, dtype, parameters, backend: backend.name });
    return EXIT.ok;
  },
});
