// `peftjs delta apply`: the fine-tuned model again.
import { apply } from '@peftjs/delta';
import { command, EXIT } from '../../command.ts';
import type { Action } from '../../command-group.ts';
import { checkApart } from '../../folders/check-out.ts';
import { showDelta, workOnDelta } from '../../folders/delta-work.ts';
import { openFolder } from '../../folders/open-folder.ts';
import { required, text } from '../../option.ts';
import { oneDelta } from '../../options/model-options.ts';
import { trustOf, trustOption } from '../../options/trust-option.ts';

const options = {
  base: required(text('DIR', "the base model's folder, or its name on the hub")),
  delta: required(oneDelta("the delta's folder, or its URL")),
  out: required(text('DIR', 'where the fine-tuned model is saved')),
  ...trustOption,
};

export const action: Action = {
  summary: 'make the fine-tuned model of its base and a delta',
  command: command({
    name: 'delta apply',
    output: 'report',
    about: `Writes the fine-tuned model. Every tensor is checked against its hash before the folder is there. To run it without
writing it, give --delta to generate or eval.`,
    options,
    examples: [
      ['delta apply --base models/base --delta out/delta --out out/again', 'the fine-tuned model again, bit for bit'],
    ],
    async run(values, run) {
      const { base, delta, out } = values;
      await checkApart(out, [base, delta]);
      const trust = await trustOf(values);
      const change = await openFolder(delta, run);
      await workOnDelta(run, async (how) => apply(await openFolder(base, run), change, out, { ...how, ...trust }));
      const done = [`model    ${out}: every tensor has the hash it should have`];
      await showDelta(change, run, { action: 'apply', trust, done });
      return EXIT.ok;
    },
  }),
};
