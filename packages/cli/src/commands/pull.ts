// `peftjs pull`: brings an adapter or a delta out of a registry.
import { pull as pullRelease, sizeOf, titleOf } from '@peftjs/registry';
import { type Command, command, EXIT } from '../command.ts';
import { bytes, counted } from '../figures.ts';
import { flag, required, text } from '../option.ts';
import { registryOf, registryOption } from '../options/registry-option.ts';
import { trustOf, trustOption } from '../options/trust-option.ts';

const options = {
  release: required(text('NAME[@VERSION]', 'what to bring; the version that was published last when none is named')),
  out: text('DIR', 'where its files are copied to; only the cache when left out'),
  offline: flag('ask nothing of the registry: what is in the cache must do'),
  ...registryOption,
  ...trustOption,
};

export const pull: Command = command({
  name: 'pull',
  output: 'report',
  positional: 'release',
  about: `Brings a release out of a registry into the cache, and to --out. Each file is checked against the index, and the signatures
of the release and of its folder where they have some; --trusted demands both. Where the registry cannot be reached, what was pulled before is there.`,
  options,
  examples: [
    ['pull notes --registry https://example.org/adapters --out out/notes', 'the last version'],
    ['pull notes@1.2.0 --trusted team.key.pub', 'one that the team has signed'],
  ],
  async run(values, { report, signal }) {
    const { out, offline } = values;
    const how = { out, offline, signal, ...(await trustOf(values)) };
    const { release, folder, fetched, stale } = await pullRelease(registryOf(values), values.release, how);
    if (stale !== null && !offline) report.say(`index    as last seen: ${stale}`);
    report.say(
      `release  ${titleOf(release)}: ${release.kind}, ${counted(release.files.size, 'file')}, ${bytes(sizeOf(release))}`,
    );
    report.say(`signed   ${release.signature === null ? 'by nobody' : `by ${release.signature.key}`}`);
    report.say(`folder   ${out ?? folder.location}${fetched ? '' : ', from the cache'}`);
    report.result({
      ...release,
      files: Object.fromEntries(release.files),
      folder: out ?? folder.location,
      fetched,
      stale,
    });
    return EXIT.ok;
  },
});
