// `peftjs delta verify`: whether a delta is whole, and gives what it says.
import { verify } from '@peftjs/delta';
import { command, EXIT } from '../../command.ts';
import type { Action } from '../../command-group.ts';
import { showDelta, workOnDelta } from '../../folders/delta-work.ts';
import { openFolder } from '../../folders/open-folder.ts';
import { openDeltaFolder } from '../../folders/show-folder.ts';
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
      const change = await openDeltaFolder(delta, run);
      if (change === null) {
        await showVerified(delta, run, { ...trust, base }, { action: 'verify' });
        return EXIT.ok;
      }
      const from = base === undefined ? undefined : await openFolder(base, run);
      await workOnDelta(run, (how) => verify(change, { ...how, ...trust, base: from }));
      const done = [`checked  every piece${base === undefined ? '' : ', and what applying gives'}`];
      await showDelta(change, run, { action: 'verify', trust, done });
      return EXIT.ok;
    },
  }),
};
