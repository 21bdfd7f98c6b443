// `peftjs sign`: vouches for every file of a folder.
import { sign as signFolder } from '@peftjs/checkpoint';
import { type Command, command, EXIT } from '../command.ts';
import { required, text } from '../option.ts';
import { readPrivateKey } from '../options/private-key.ts';

const options = {
  path: required(text('DIR', 'the folder of an adapter, a delta or a model')),
  key: required(text('FILE', 'the private key, as peftjs keys has made it')),
};

export const sign: Command = command({
  name: 'sign',
  output: 'report',
  positional: 'path',
  about: `Signs every file of a folder by its hash, into peftjs.sig.json beside them. From then on an adapter or delta is not loaded where
a file that it is read from is another one, or a file was added; peftjs verify checks the model card, too.`,
  options,
  examples: [['sign out/notes --key team.key', 'an adapter, before it is shared']],
  async run({ path, key }, { report }) {
    const publicKey = await signFolder(path, await readPrivateKey('key', key));
    report.say(`signed   ${path} by ${publicKey}`);
    report.result({ path, publicKey });
    return EXIT.ok;
  },
});
