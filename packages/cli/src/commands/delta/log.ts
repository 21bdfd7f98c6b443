// `peftjs delta log`: what a delta was made of, or an adapter.
import { command, EXIT } from '../../command.ts';
import type { Action } from '../../command-group.ts';
import { showLineage } from '../../folders/show-lineage.ts';
import { required, text } from '../../option.ts';

const options = { delta: required(text('DIR', 'the folder of a delta or an adapter')) };

export const action: Action = {
  summary: 'say what a delta or an adapter was made of',
  command: command({
    name: 'delta log',
    output: 'report',
    positional: 'delta',
    about: `Prints its lineage as a tree, of what is found beside it. peftjs log looks in other folders and in a registry, too.`,
    options,
    examples: [['delta log out/delta', 'its base and its parents, and theirs']],
    async run(values, run) {
      await showLineage(values.delta, { folders: [], registry: undefined }, run, { action: 'log' });
      return EXIT.ok;
    },
  }),
};
