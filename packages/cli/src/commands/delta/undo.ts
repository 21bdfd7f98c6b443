// `peftjs delta undo`: the base again.
import { undo } from '@peftjs/delta';
import { command, EXIT } from '../../command.ts';
import type { Action } from '../../command-group.ts';
import { checkApart } from '../../folders/check-out.ts';
import { showDelta, workOnDelta } from '../../folders/delta-work.ts';
import { openFolder } from '../../folders/open-folder.ts';
import { required, text } from '../../option.ts';
import { trustOf, trustOption } from '../../options/trust-option.ts';

const options = {
  tuned: required(text('DIR', "the fine-tuned model's folder")),
  delta: required(text('DIR', "the delta's folder, or its URL")),
  out: required(text('DIR', 'where the base is saved')),
  ...trustOption,
};

export const action: Action = {
  summary: 'make the base of the fine-tuned model and a delta',
  command: command({
    name: 'delta undo',
    output: 'report',
    about: `Writes the base, bit for bit, out of the model that applying the delta has made. A delta made with --one-way, or a chain
with such a one in it, cannot.`,
    options,
    examples: [['delta undo --tuned out/tuned --delta out/delta --out out/base', 'the base again']],
    async run(values, run) {
      const { tuned, delta, out } = values;
      await checkApart(out, [tuned, delta]);
      const trust = await trustOf(values);
      const change = await openFolder(delta, run);
      await workOnDelta(run, async (how) => undo(await openFolder(tuned, run), change, out, { ...how, ...trust }));
      const done = [`model    ${out}: every tensor has the hash it should have`];
      await showDelta(change, run, { action: 'undo', trust, done });
      return EXIT.ok;
    },
  }),
};
