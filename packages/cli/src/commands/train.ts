// `peftjs train`: fine-tunes a model on text, shows what that did, and saves what Python can load.

import { type Command, command, EXIT } from '../command.ts';
import { bytes, counted } from '../figures.ts';
import { checkOut } from '../folders/check-out.ts';
import { chosenMethod, methodOption, methodOptions } from '../methods.ts';
import { choice, flag, integer, number, orElse, required, text } from '../option.ts';
import { backendOptions, startBackend } from '../options/backend-options.ts';
import { openOriginal } from '../options/calibrate.ts';
import { dataOptions } from '../options/data-options.ts';
import { modelOption, openModel } from '../options/model-options.ts';
import { checkQat, qatOptions } from '../options/qat-options.ts';
import { runOptions, totalSteps } from '../options/run-options.ts';
import { generateOptions, samplingOptions } from '../options/sampling-options.ts';
import { storyOptions } from '../options/story-options.ts';
import { weightsOptions } from '../options/weights-options.ts';
import { adapterGoal, modelGoal } from '../training/goal.ts';
import { lossChart } from '../training/loss-chart.ts';
import { checkMetricsPath } from '../training/metrics-file.ts';
import { recipeOf, runStory } from '../training/recipe.ts';
import { openRun } from '../training/run-store.ts';
import { showSample } from '../training/sample.ts';
import { readTrainingData } from '../training/training-data.ts';
import { lossText, sessionData, trainSession } from '../training/training-session.ts';
import { UsageError } from '../usage-error.ts';

const HOLDOUT = 'share of the text to judge by, where the data has no valid file';

const options = {
  model: modelOption,
  out: required(text('DIR', 'where the result is saved')),
  ...dataOptions,
  holdout: orElse(number('SHARE', HOLDOUT, { min: 0, max: 0.5 }), 0.1),
  'eval-sequences': integer('N', 'judge by the first N held-out sequences', { min: 1 }),
  method: methodOption,
  ...methodOptions,
  full: flag('train the whole model instead of an adapter'),
  ...runOptions,
  ...qatOptions,
  ...weightsOptions,
  ...backendOptions,
  resume: flag('go on with the run that was interrupted'),
  restart: flag('forget the run that was interrupted'),
  sample: text('PROMPT', 'continue this prompt before and after, as of task 0 where there are tasks'),
  ...samplingOptions,
  'log-every': orElse(integer('STEPS', 'steps between two lines', { min: 1 }), 10),
  metrics: text('FILE', 'write the numbers of each step there, as JSON Lines'),
  dtype: orElse(choice(['F32', 'F16', 'BF16'], 'how the result is stored'), 'F32'),
  ...storyOptions,
};

export const train: Command = command({
  name: 'train',
  output: 'events',
  about: `Fine-tunes a model on your text and saves an adapter folder that Hugging Face PEFT loads.
The state of the run is kept in OUT.run until it ends. Paths are relative to the working directory.`,
  options,
  examples: [
    [
      'train --model HuggingFaceTB/SmolLM2-135M --data notes.jsonl --out out/notes',
      'an adapter for a model of the hub',
    ],
    [
      'train --model base --data texts/ --out out/a --rank 16 --targets q_proj,v_proj',
      'some modules, a folder of text',
    ],
    ['train --model base --data notes.jsonl --out out/h --weights bf16', 'the frozen model in half the memory'],
    ['train --config tune.json --learning-rate 1e-3', 'options from a file, one of them changed'],
    ['train --config tune.json --resume', 'go on where Ctrl-C or a crash has ended it'],
  ],
  async run(given, run) {
    checkQat(given);
    const { method, values } = chosenMethod(given);
    const { report, signal } = run;
    const { out, seed, weights, embeddings = weights } = values;
    if (values.full && (weights !== 'f32' || embeddings !== 'f32')) {
      const frozen = weights === 'f32' ? `--embeddings ${embeddings}` : `--weights ${weights}`;
      throw new UsageError(`--full trains the weights, which ${frozen} holds frozen; leave one of them out`);
    }
    await checkOut(out, values.model, method ? 'adapter' : 'model');
    if (values.metrics !== undefined) checkMetricsPath(values.metrics, out);
    const backend = await startBackend(values, report);
    const model = await openModel(values.model, run, values);
    const needs = { reserved: method?.reserved?.(values) ?? 0, tasks: method?.tasks?.(values) ?? 0 };
    const texts = await readTrainingData(values, model, needs, run);
    const data = sessionData(texts, model, values);
    const recipe = await recipeOf(values, model, texts);
    const store = await openRun(out, recipe, values);
    const sample = async (when: 'before' | 'after') => {
      if (values.sample === undefined) return;
      await showSample(
        model,
        values.sample,
        generateOptions({ ...values, task: needs.tasks > 0 ? 0 : undefined }, seed, signal),
        when,
        report,
      );
    };

    await sample('before');
    const { calibrate = '' } = values;
    const original = method?.needsOriginal?.(values)
      ? await openOriginal(values.model, { calibrate, 'calibrate-by': 'products' }, 'start', report, { signal })
      : undefined;
    const setting = { model, steps: totalSteps(values, data.train.size), original };
    const goal = await (method ? adapterGoal(method, values, setting, seed) : modelGoal(model, values));
    model.recompute = values.recompute;
    const { log, steps, before, after } = await trainSession({ model, goal, data, store, values }, run);
    for (const line of lossChart(log.losses)) report.say(line);
    if (before !== null) report.say(`before   held out: ${lossText(before)}`);
    if (after !== null) report.say(`after    held out: ${lossText(after)}`);
    await sample('after');

    const metrics = { steps, lossBefore: before, lossAfter: after };
    const story = await runStory({ model, recipe, backend, metrics }, values);
    const saved = await goal.save(out, values.dtype, story);
    await store.remove();
    report.say(`${goal.kind.padEnd(8)} ${out}: ${counted(saved.files, 'file')}, ${bytes(saved.bytes)}`);
    if (saved.python.length > 0) report.say('in Python');
    for (const line of saved.python) report.say(`  ${line}`);
    const { tokens, seconds, peakBytes } = log;
    report.result({ type: 'result', kind: goal.kind, out, ...saved, steps, before, after, tokens, seconds, peakBytes });
    return EXIT.ok;
  },
});
