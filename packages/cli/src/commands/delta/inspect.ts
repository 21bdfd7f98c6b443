// `peftjs delta inspect`: what a delta holds, or an adapter.
import { command, EXIT } from '../../command.ts';
import type { Action } from '../../command-group.ts';
import { showFolder } from '../../folders/show-folder.ts';
import { required, text } from '../../option.ts';
import { trustOf, trustOption } from '../../options/trust-option.ts';

const options = { delta: required(text('DIR', 'the folder of a delta or an adapter')), ...trustOption };

export const action: Action = {
  summary: 'say what a delta or an adapter holds',
  command: command({
    name: 'delta inspect',
    output: 'report',
    positional: 'delta',
    about: 'Prints what a delta holds: its codecs with their errors, its bytes, its base, and where it comes from.',
    options,
    examples: [['delta inspect out/delta', 'what it takes, and what it loses']],
    async run(values, run) {
      await showFolder(values.delta, run, await trustOf(values), { action: 'inspect' });
      return EXIT.ok;
    },
  }),
};
