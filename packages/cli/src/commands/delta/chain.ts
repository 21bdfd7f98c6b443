// `peftjs delta chain`: deltas that follow each other, as one.
import { chain } from '@peftjs/delta';
import { command, EXIT } from '../../command.ts';
import type { Action } from '../../command-group.ts';
import { checkApart } from '../../folders/check-out.ts';
import { showDelta, workOnDelta } from '../../folders/delta-work.ts';
import { openFolder } from '../../folders/open-folder.ts';
import { required, text, texts } from '../../option.ts';
import { storyOf, storyOptions } from '../../options/story-options.ts';
import { trustOf, trustOption } from '../../options/trust-option.ts';

const options = {
  delta: required(texts('DIR', 'a folder of each delta, in the order they follow each other')),
  base: text('DIR', 'the base of the first: the changes of a tensor become one, exact, where that takes fewer bytes'),
  out: required(text('DIR', 'where the delta is saved')),
  ...storyOptions,
  ...trustOption,
};

export const action: Action = {
  summary: 'join deltas that follow each other',
  command: command({
    name: 'delta chain',
    output: 'report',
    about: `Makes one delta of several, each of which was made for what the one before it gives. Without --base no model is read, and
it is about as large as they are together.`,
    options,
    examples: [
      ['delta chain --delta out/monday --delta out/tuesday --out out/both', 'two, as one'],
      [
        'delta chain --base models/base --delta out/monday --delta out/tuesday --out out/both',
        'as small as a single one',
      ],
    ],
    async run(values, run) {
      const { delta, base, out } = values;
      await checkApart(out, [...delta, ...(base === undefined ? [] : [base])]);
      const trust = await trustOf(values);
      const from = base === undefined ? undefined : await openFolder(base, run);
      await workOnDelta(run, (how) => chain(delta, out, { ...how, ...trust, base: from, story: storyOf(values) }));
      await showDelta(values.out, run, { action: 'chain' });
      return EXIT.ok;
    },
  }),
};
