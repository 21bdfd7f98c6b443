// `peftjs delta`: a fine-tuned model as its difference from the base. What is to be done with it is the word behind.
import { apply, chain, type DeltaProgress, diff, inspect, undo, verify } from '@peftjs/delta';
import { type Command, command, EXIT, type Run } from '../command.ts';
import { deltaLines } from '../folders/delta-lines.ts';
import { knownBases } from '../folders/known-bases.ts';
import { isDelta, showFolder } from '../folders/show-folder.ts';
import { showLineage } from '../folders/show-lineage.ts';
import { showVerified } from '../folders/show-verified.ts';
import { choice, flag, required, text, texts } from '../option.ts';
import { codecChoice, codecOptions, refuseCodecOptions } from '../options/delta-codec-options.ts';
import { allCodecs } from '../options/delta-codecs.ts';
import { storyOf, storyOptions } from '../options/story-options.ts';
import { trustOf, trustOption } from '../options/trust-option.ts';
import { UsageError } from '../usage-error.ts';

const ACTIONS = ['diff', 'apply', 'undo', 'chain', 'inspect', 'verify', 'log'] as const;
type Action = (typeof ACTIONS)[number];
type Place = 'base' | 'tuned' | 'delta' | 'out';

const options = {
  action: required(
    choice(
      ACTIONS,
      'what to do: make a delta, apply it, take it off again, join several, say what one holds, check it, say what it was made of',
    ),
  ),
  base: text('DIR', "the base model's folder (diff, apply; verify: check what applying gives too)"),
  tuned: text('DIR', "the fine-tuned model's folder (diff, undo)"),
  delta: texts(
    'DIR',
    "the delta's folder (apply, undo), or an adapter's, too (inspect, verify, log); several, in the order they follow each other (chain)",
  ),
  out: text('DIR', 'where the result is saved: a delta of diff and chain, a model of apply and undo'),
  name: text('NAME', 'what the delta calls its base, such as its name on the hub; the folder when left out (diff)'),
  'one-way': flag('leave out what only undo needs (diff)'),
  ...codecOptions,
  ...storyOptions,
  ...trustOption,
};

/** The folders that each action needs. */
const NEEDS: Readonly<Record<Action, readonly Place[]>> = {
  diff: ['base', 'tuned', 'out'],
  apply: ['base', 'delta', 'out'],
  undo: ['tuned', 'delta', 'out'],
  chain: ['delta', 'out'],
  inspect: ['delta'],
  verify: ['delta'],
  log: ['delta'],
};

/** Those that it can use besides. */
const TAKES: Readonly<Partial<Record<Action, readonly Place[]>>> = { verify: ['base'] };

export const delta: Command = command({
  name: 'delta',
  output: 'report',
  positional: 'action',
  about: `Keeps a fine-tuned model as its difference from the base, tensor by tensor, and makes either model of the other.
Nothing is written where the base is another one, or a piece of the delta is damaged.`,
  options,
  examples: [
    ['delta diff --base models/base --tuned out/tuned --out out/delta', 'the difference, exact'],
    ['delta apply --base models/base --delta out/delta --out out/restored', 'the fine-tuned model again, bit for bit'],
    ['delta undo --tuned out/tuned --delta out/delta --out out/base', 'the base again'],
    ['delta chain --delta out/monday --delta out/tuesday --out out/both', 'two that follow each other, as one'],
    [
      'delta diff --base models/base --tuned out/tuned --out out/delta --codec low-rank --rank 8',
      'what 8 singular values hold',
    ],
    ['delta diff --base models/base --tuned out/tuned --out out/delta --budget 20MB --one-way', 'the best of 20 MB'],
    ['delta verify --delta out/delta --base models/base', 'whether applying it would give what it says'],
  ],
  async run(values, run) {
    const { report, signal } = run;
    const place = foldersOf(values);
    const { action } = values;
    if (action !== 'diff') refuseCodecOptions(action, values);
    const trust = await trustOf(values);
    if (action === 'inspect') {
      await showFolder(place('delta'), run, trust, { action });
      return EXIT.ok;
    }
    if (action === 'log') {
      await showLineage(place('delta'), { folders: [], registry: undefined }, run, { action });
      return EXIT.ok;
    }
    if (action === 'verify' && !(await isDelta(place('delta')))) {
      await showVerified(place('delta'), run, { ...trust, base: values.base }, { action });
      return EXIT.ok;
    }
    const choose = codecChoice(values);
    const progress = await showProgress(report);
    const how = { signal, onProgress: progress.show, codecs: allCodecs(), known: await knownBases(), ...trust };
    try {
      if (action === 'diff') {
        const more = { ...how, baseName: values.name, reversible: !values['one-way'], story: storyOf(values) };
        const codec = await choose(place('base'), place('tuned'), more);
        await diff(place('base'), place('tuned'), place('out'), { ...more, codec });
      } else if (action === 'chain') await chain(values.delta ?? [], place('out'), { ...how, story: storyOf(values) });
      else if (action === 'apply') await apply(place('base'), place('delta'), place('out'), how);
      else if (action === 'undo') await undo(place('tuned'), place('delta'), place('out'), how);
      else if (action === 'verify') await verify(place('delta'), { ...how, base: values.base });
    } finally {
      progress.stop();
    }
    const made = action === 'diff' || action === 'chain';
    const found = await inspect(place(made ? 'out' : 'delta'), made ? {} : trust);
    for (const line of deltaLines(found)) report.say(line);
    if (action === 'verify')
      report.say(values.base === undefined ? 'checked  every piece' : 'checked  every piece, and what applying gives');
    if (action === 'apply' || action === 'undo')
      report.say(`model    ${place('out')}: every tensor has the hash it should have`);
    report.result({ action, ...found });
    return EXIT.ok;
  },
});

/** @throws UsageError where a folder is missing, or is of no use */
function foldersOf(
  values: { readonly action: Action; readonly delta: readonly string[] | undefined } & {
    readonly [place in Exclude<Place, 'delta'>]: string | undefined;
  },
) {
  const { action } = values;
  if (action !== 'chain' && (values.delta?.length ?? 0) > 1)
    throw new UsageError(`delta ${action} takes one --delta; join several with delta chain`);
  for (const place of ['base', 'tuned', 'delta', 'out'] as const) {
    const needed = NEEDS[action].includes(place);
    if (needed && values[place] === undefined)
      throw new UsageError(`delta ${action} needs --${place} ${options[place].value}: ${options[place].about}`);
    if (!needed && !TAKES[action]?.includes(place) && values[place] !== undefined)
      throw new UsageError(`delta ${action} takes no --${place}`);
  }
  return (place: Place) => [values[place]].flat()[0] as string;
}

async function showProgress(report: Run['report']) {
  const bar = await report.progress(100, '%');
  const show = ({ status, loaded, total }: DeltaProgress) =>
    bar.update(Math.floor((100 * loaded) / (total || 1)), status);
  return { show, stop: bar.stop };
}
