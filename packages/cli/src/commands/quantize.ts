// `peftjs quantize`: a model's folder in which the linear layers have codes of few bits, in the layout of bitsandbytes.
import { diskFolder, type Folder, openWeights } from '@peftjs/checkpoint';
import type { Storage } from '@peftjs/core';
import { type CausalLM, codesOf, openModelFolder, saveModel } from '@peftjs/models';
import { type Command, command, EXIT } from '../command.ts';
import { bytes, counted } from '../figures.ts';
import { checkOut } from '../folders/check-out.ts';
import { writeModelRecord } from '../folders/model-record.ts';
import { filesBeside } from '../folders/tokenizer-files.ts';
import { given } from '../given.ts';
import { choice, orElse, required, text } from '../option.ts';
import { backendOptions, startBackend } from '../options/backend-options.ts';
import { dtypeOf, modelDtype } from '../options/model-dtype.ts';
import { modelOption, openModel } from '../options/model-options.ts';
import { checkTrainedScales, trainedScalesOption, trainScales } from '../options/trained-scales.ts';
import { checkWeights, codesOptions } from '../options/weights-options.ts';
import { weightsRecord } from '../options/weights-record.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  model: modelOption,
  out: required(text('DIR', 'where the quantized model is saved')),
  weights: orElse(
    choice(
      ['int8', 'nf4', 'nf4-double', 'fp4'],
      'what the linear layers are held in; nf4-double: scales in 8 bits too',
    ),
    'nf4-double',
  ),
  ...codesOptions,
  ...trainedScalesOption,
  dtype: modelDtype('how everything else is stored'),
  ...backendOptions,
};

export const quantize: Command = command({
  name: 'quantize',
  output: 'report',
  about: `Rounds the linear layers of a model to 8 or 4 bits and saves that as a folder of its own, tokenizer and all.
Embedding, output, norms and biases stay numbers, as bitsandbytes leaves them. The folder loads with --weights as-stored, and in
transformers. Matrices are rounded while they are loaded, one after the other.`,
  options,
  examples: [
    ['quantize --model HuggingFaceTB/SmolLM2-135M --weights nf4-double --out out/small', 'what QLoRA trains over'],
    [
      'quantize --model HuggingFaceTB/SmolLM2-135M --calibrate notes.jsonl --out out/small',
      'with scales that lose least on such a text',
    ],
    [
      'quantize --model HuggingFaceTB/SmolLM2-135M --calibrate notes.jsonl --calibrate-steps 100 --out out/small',
      'the same, and then trained until the model says there what it says in full',
    ],
    ['quantize --model base.gguf --weights int8 --dtype F16 --out out/int8', 'a GGUF file, in 8 bits'],
  ],
  async run(values, run) {
    const { report } = run;
    const { out, weights } = values;
    if (weights === 'int8' && values['weights-group'] !== undefined)
      throw new UsageError('--weights int8 has a scale for each row in files; leave out --weights-group');
    checkWeights(values, options.weights.choices);
    checkTrainedScales(values);
    await checkOut(out, values.model, 'model');
    const backend = await startBackend(values, report);
    const { asStored, byRole } = await import('@peftjs/quantization');
    const rest = asStored();
    const around = (codes: Storage) => byRole({ embed: rest, head: rest }, codes);
    const model = await openModel(values.model, run, values, { around });
    const coded = await countCoded(model);
    if (coded === 0) {
      throw new Error(
        `[peftjs/cli] no matrix of ${values.model} can be written in ${weights}: rows must be whole blocks, and lie as a linear layer has them`,
      );
    }
    await trainScales(values.model, model, values, run);
    const source = await openModelFolder(values.model);
    const dtype = values.dtype ?? dtypeOf(model);
    await saveModel(model, out, { dtype, files: await filesBeside(values.model) });
    const base = { name: model.base.name, fingerprint: await model.base.fingerprint() };
    await writeModelRecord(out, {
      base,
      recipe: { ...(await weightsRecord(values)), ...given({ 'calibrate-steps': values['calibrate-steps'] }), dtype },
    });
    const [before, after] = [await tensorBytes(source), await tensorBytes(diskFolder(out))];
    report.say(`weights  ${bytes(before)} before, ${bytes(after)} after`);
    report.say(`model    ${out}: ${counted(coded, 'linear layer')} in ${weights}, the rest as ${dtype}`);
    report.result({ out, weights, dtype, coded, bytesBefore: before, bytes: after, backend: backend.name });
    return EXIT.ok;
  },
});

async function countCoded(model: CausalLM): Promise<number> {
  const found = await Promise.all(model.stored().map(codesOf));
  return found.filter((one) => one !== null).length;
}

async function tensorBytes(folder: Folder): Promise<number> {
  const { tensors } = await openWeights(folder);
  return [...tensors.values()].reduce((sum, { begin, end }) => sum + end - begin, 0);
}
