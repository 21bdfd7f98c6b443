// `peftjs log`: what something was made of, and that of what.
import { type Command, command, EXIT } from '../command.ts';
import { showLineage } from '../folders/show-lineage.ts';
import { required, text, texts } from '../option.ts';
import { namedRegistry, registryOption } from '../options/registry-option.ts';

const options = {
  path: required(text('DIR', 'the folder of an adapter, a delta or a model')),
  in: texts('DIR', 'look for bases and parents there, too, and in the folders there'),
  ...registryOption,
};

export const log: Command = command({
  name: 'log',
  output: 'report',
  positional: 'path',
  about: `Prints the lineage of an adapter, a delta or a model as a tree: its base and its parents, and theirs. They are found by
their hashes in the folders beside it, in those given, and in the registry or what was last seen of it.`,
  options,
  examples: [
    ['log out/delta', 'what is found beside it'],
    ['log out/delta --in archive --registry /shared/adapters', 'what is found elsewhere, too'],
  ],
  async run(values, run) {
    await showLineage(values.path, { folders: values.in ?? [], registry: namedRegistry(values) }, run);
    return EXIT.ok;
  },
});
