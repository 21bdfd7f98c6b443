// `peftjs inspect`: says what is in an adapter, a delta, a model or a safetensors file, and whether it is whole.
import { type Command, command, EXIT } from '../command.ts';
import { showFolder } from '../folders/show-folder.ts';
import { required, text } from '../option.ts';
import { trustOf, trustOption } from '../options/trust-option.ts';

const options = {
  path: required(
    text('PATH', 'the folder of an adapter, delta or model, a GGUF file, a name on the hub, or a .safetensors file'),
  ),
  ...trustOption,
};

export const inspect: Command = command({
  name: 'inspect',
  output: 'report',
  positional: 'path',
  about: `Prints what an adapter, a delta, a model or a safetensors file holds: its configuration, its tensors, where it comes
from. The hashes of an adapter's files are verified, a model's fingerprint is computed.`,
  options,
  examples: [
    ['inspect out/notes', 'an adapter'],
    ['inspect HuggingFaceTB/SmolLM2-135M --json', 'a model of the hub, for machines'],
    ['inspect out/notes/adapter_model.safetensors', 'a file'],
  ],
  async run(values, run) {
    await showFolder(values.path, run, await trustOf(values));
    return EXIT.ok;
  },
});
