// `peftjs verify`: whether a folder is what was saved and signed.
import { type Command, command, EXIT } from '../command.ts';
import { showVerified } from '../folders/show-verified.ts';
import { required, text } from '../option.ts';
import { trustOf, trustOption } from '../options/trust-option.ts';

const options = {
  path: required(text('DIR', 'the folder of an adapter or a delta, or of a model that peftjs has written')),
  base: text('DIR', "a delta's base, to check what applying it gives, too"),
  ...trustOption,
};

export const verify: Command = command({
  name: 'verify',
  output: 'report',
  positional: 'path',
  about: `Reads all of a folder and compares it with what is recorded: the signature, the hashes of an adapter's files, each
piece of a delta, the fingerprint of a model.`,
  options,
  examples: [
    ['verify out/notes', 'that nothing was damaged'],
    ['verify out/notes --trusted team.key.pub', 'that the team has signed it, too'],
  ],
  async run(values, run) {
    await showVerified(values.path, run, { ...(await trustOf(values)), base: values.base });
    return EXIT.ok;
  },
});
