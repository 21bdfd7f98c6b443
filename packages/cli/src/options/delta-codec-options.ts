// Which codec stores the changes of `peftjs delta diff`: by name, by the tensors' names, by a budget, or by what is kept.
import type { Folder } from '@peftjs/checkpoint';
import { byName, type Codec, type CodecChoice, type FitOptions, fitCodecs } from '@peftjs/delta';
import { choice, integer, number, type Option, share, size, texts } from '../option.ts';
import { UsageError } from '../usage-error.ts';
import { CODEC_NAMES, type CodecName, type CodecOptions, candidatesOf, namedCodecs } from './delta-codecs.ts';

export interface CodecValues {
  readonly codec: CodecName | undefined;
  readonly 'codec-for': readonly string[] | undefined;
  readonly rank: number | undefined;
  readonly density: number | undefined;
  readonly budget: number | undefined;
  readonly energy: number | undefined;
}

export const codecOptions: { readonly [K in keyof CodecValues]: Option<CodecValues[K]> } = {
  codec: choice(CODEC_NAMES, 'what stores the changes; exact when left out, all of them with --budget or --energy'),
  'codec-for': texts(
    'PATTERN=CODEC',
    'what stores the tensors whose names the pattern is found in, such as norm=exact; again for each, the first that fits counts',
  ),
  rank: integer('N', 'singular values that --codec low-rank keeps, 16 when left out', { min: 1 }),
  density: number('X', 'share of the numbers that --codec sparse or dare keeps, 0.05 when left out', {
    above: 0,
    max: 1,
  }),
  budget: size('SIZE', 'the most that the delta may take, such as 20MB: what is lost is the least possible'),
  energy: share('SHARE', 'the least share of the squared change that is kept, such as 99.9%, in the fewest bytes'),
};

/** Decides what stores the changes, once the models are there. */
type Decide = (base: Folder, tuned: Folder, how: Omit<FitOptions, 'candidates'>) => Promise<Codec | CodecChoice>;

/** @throws UsageError for options that contradict each other */
export function codecChoice({ codec, 'codec-for': rules, rank, density, budget, energy }: CodecValues): Decide {
  if (budget !== undefined && energy !== undefined) throw new UsageError('give --budget or --energy, not both');
  const goal = budget !== undefined ? { bytes: budget } : energy !== undefined ? { energy } : null;
  const options: CodecOptions = { rank, density };
  if (goal === null) {
    const patterns = (rules ?? []).map(ruleOf);
    const [otherwise, ...found] = namedCodecs([codec ?? 'exact', ...patterns.map(({ name }) => name)], options);
    const choose = byName(
      patterns.map(({ pattern }, k) => [pattern, found[k] as Codec]),
      otherwise,
    );
    return async () => choose;
  }
  if (rank !== undefined || density !== undefined || rules !== undefined)
    throw new UsageError('--budget and --energy choose --codec-for, --rank and --density themselves');
  const candidates = candidatesOf(codec);
  if (candidates.length === 0)
    throw new UsageError(
      `--codec ${codec} has one size, and --budget and --energy choose between several; leave one of them out`,
    );
  return (base, tuned, how) => fitCodecs(base, tuned, goal, { ...how, candidates });
}

function ruleOf(rule: string): { readonly pattern: RegExp; readonly name: CodecName } {
  const at = rule.lastIndexOf('=');
  const name = CODEC_NAMES.find((one) => one === rule.slice(at + 1));
  if (at < 1 || name === undefined)
    throw new UsageError(`--codec-for is "${rule}"; it needs PATTERN=CODEC, of the codecs ${CODEC_NAMES.join(', ')}`);
  try {
    return { pattern: new RegExp(rule.slice(0, at)), name };
  } catch (cause) {
    throw new UsageError(`--codec-for is "${rule}": ${(cause as Error).message}`, { cause });
  }
}
