// `peftjs delta verify`: whether a delta is whole, and gives what it says.
import { verify } from '@peftjs/delta';
import { command, EXIT } from '../../command.ts';
import type { Action } from '../../command-group.ts';
import { showDelta, workOnDelta } from '../../folders/delta-work.ts';
import { isDelta } from '../../folders/show-folder.ts';
import { showVerified } from '../../folders/show-verified.ts';
import { required, text } from '../../option.ts';
import { trustOf, trustOption } from '../../options/trust-option.ts';

const options = {
  delta: required(text('DIR', 'the folder of a delta or an adapter')),
  base: text('DIR', "the delta's base, to check what applying it gives, too"),
  ...trustOption,
};

export const action: Action = {
  summary: 'check a delta or an adapter against its hashes',
  command: command({
    name: 'delta verify',
    output: 'report',
    positional: 'delta',
    about: 'Reads every piece of a delta and compares it with its hash. Nothing is written.',
    options,
    examples: [['delta verify out/delta --base models/base', 'whether applying it would give what it says']],
    async run(values, run) {
      const { delta, base } = values;
      const trust = await trustOf(values);
      if (!(await isDelta(delta))) {
        await showVerified(delta, run, { ...trust, base }, { action: 'verify' });
        return EXIT.ok;
      }
      await workOnDelta(run, (how) => verify(delta, { ...how, ...trust, base }));
      const done = [`checked  every piece${base === undefined ? '' : ', and what applying gives'}`];
      await showDelta(delta, run, { action: 'verify', trust, done });
      return EXIT.ok;
    },
  }),
};
