// `peftjs delta to-lora`: a delta of low rank as an adapter that Python loads.
import { toLora } from '@peftjs/delta';
import { placesOf } from '@peftjs/delta-runtime';
import { command, EXIT } from '../../command.ts';
import type { Action } from '../../command-group.ts';
import { checkOut } from '../../folders/check-out.ts';
import { workOnDelta } from '../../folders/delta-work.ts';
import { showFolder } from '../../folders/show-folder.ts';
import { required, text } from '../../option.ts';
import { backendOptions, startBackend } from '../../options/backend-options.ts';
import { openModel } from '../../options/model-options.ts';
import { storyOf, storyOptions } from '../../options/story-options.ts';
import { trustOf, trustOption } from '../../options/trust-option.ts';

const options = {
  base: required(text('DIR', "the base model's folder")),
  delta: required(text('DIR', 'the folder of a delta that --codec low-rank has made')),
  out: required(text('DIR', 'where the adapter is saved')),
  ...storyOptions,
  ...trustOption,
  ...backendOptions,
};

export const action: Action = {
  summary: 'make a LoRA adapter of a delta of low rank',
  command: command({
    name: 'delta to-lora',
    output: 'report',
    about: `Saves a delta of low rank as a LoRA adapter, which Python PEFT loads. What is not of low rank, such as norms, is carried whole.`,
    options,
    examples: [
      [
        'delta to-lora --base models/base --delta out/delta --out out/adapter',
        'of what delta diff --codec low-rank has made',
      ],
    ],
    async run(values, run) {
      const { base, delta, out } = values;
      await checkOut(out, base, 'adapter');
      const trust = await trustOf(values);
      await startBackend(values, run.report);
      const model = await openModel(base, run);
      const places = placesOf(model);
      model.dispose();
      await workOnDelta(run, (how) => toLora(delta, out, { ...how, ...trust, base, places, story: storyOf(values) }));
      await showFolder(out, run, {}, { action: 'to-lora' });
      return EXIT.ok;
    },
  }),
};
