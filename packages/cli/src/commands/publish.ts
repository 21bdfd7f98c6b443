// `peftjs publish`: puts an adapter or a delta into a registry.
import { publish as publishFolder, sizeOf, titleOf } from '@peftjs/registry';
import { type Command, command, EXIT } from '../command.ts';
import { bytes, counted } from '../figures.ts';
import { verifyFolder } from '../folders/verify-folder.ts';
import { required, text } from '../option.ts';
import { readPrivateKey } from '../options/private-key.ts';
import { registryOf, registryOption } from '../options/registry-option.ts';
import { trustOf, trustOption } from '../options/trust-option.ts';

const options = {
  path: required(text('DIR', 'the folder of an adapter or a delta')),
  name: required(text('NAME', 'what it is called: lower-case letters, digits, ".", "_" and "-"')),
  version: text('VERSION', 'the whole number after the largest one that is there, when left out'),
  sign: text('FILE', 'the private key that vouches for the release, and for its files where nobody has signed them'),
  ...registryOption,
  ...trustOption,
};

export const publish: Command = command({
  name: 'publish',
  output: 'report',
  positional: 'path',
  about: `Copies an adapter or a delta into a registry, which is a folder; any static host can serve it. All of it is checked
before. A version never changes: what was published under it stays.`,
  options,
  examples: [
    ['publish out/notes --name notes --registry /shared/adapters', 'as the next version'],
    ['publish out/notes --name notes --sign team.key', 'so that pull --trusted takes it'],
    ['publish out/notes --name notes --version 1.2.0 --trusted team.key.pub', 'only if the team has signed it'],
  ],
  async run(values, run) {
    const { report } = run;
    const { path, name, version, sign } = values;
    const privateKey = sign === undefined ? undefined : await readPrivateKey('sign', sign);
    const place = registryOf(values);
    await verifyFolder(path, run, await trustOf(values));
    const release = await publishFolder(place, path, { name, version, privateKey });
    report.say(
      `release  ${titleOf(release)}: ${release.kind}, ${counted(release.files.size, 'file')}, ${bytes(sizeOf(release))}`,
    );
    report.say(`hash     ${release.hash}`);
    report.say(`signed   ${release.signature === null ? 'by nobody' : `by ${release.signature.key}`}`);
    report.result({ ...release, files: Object.fromEntries(release.files) });
    return EXIT.ok;
  },
});
