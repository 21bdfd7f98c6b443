// `peftjs list`: what a registry has.

import { listReleases, type Release, sizeOf, titleOf } from '@peftjs/registry';
import { oneLine } from '@peftjs/safetensors';
import { type Command, command, EXIT } from '../command.ts';
import { bytes } from '../figures.ts';
import { flag, text } from '../option.ts';
import { registryOf, registryOption } from '../options/registry-option.ts';

const options = {
  name: text('NAME', 'the versions of this one; the last version of each when left out'),
  base: text('BASE', 'those made for the base of this name or fingerprint'),
  offline: flag('ask nothing of the registry: what was last seen must do'),
  ...registryOption,
};

export const list: Command = command({
  name: 'list',
  output: 'report',
  positional: 'name',
  about: 'Lists the adapters and deltas of a registry: name, version, kind, size, base and metrics.',
  options,
  examples: [
    ['list --registry https://example.org/adapters', 'the last version of each'],
    ['list notes', 'every version of one, where PEFTJS_REGISTRY names the registry'],
  ],
  async run(values, { report, signal }) {
    const { location, releases, stale } = await listReleases(registryOf(values), { signal, offline: values.offline });
    const wanted = chosen(releases, values);
    if (stale !== null) report.say(`index    as last seen: ${stale}`);
    const width = Math.max(0, ...wanted.map((release) => titleOf(release).length));
    for (const release of wanted) report.say(oneLine(lineOf(release, width)));
    if (wanted.length === 0) report.say(`${location} has nothing of the kind`);
    report.result({
      registry: location,
      stale,
      releases: wanted.map((release) => ({ ...release, files: Object.fromEntries(release.files) })),
    });
    return EXIT.ok;
  },
});

function chosen(
  releases: readonly Release[],
  { name, base }: { readonly name: string | undefined; readonly base: string | undefined },
) {
  const some = releases.filter(
    (one) =>
      (name === undefined || one.name === name) &&
      (base === undefined || one.base?.name === base || one.base?.fingerprint === base),
  );
  if (name !== undefined) return some;
  return [...new Map(some.map((release) => [release.name, release])).values()];
}

function lineOf(release: Release, width: number): string {
  const metrics = Object.entries(release.metrics).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  const words = [
    titleOf(release).padEnd(width),
    release.kind.padEnd('adapter'.length),
    bytes(sizeOf(release)).padStart(7),
    `on ${release.base?.name ?? 'an unknown base'}`,
    metrics.join(', '),
  ];
  return words.join('  ').trimEnd();
}
