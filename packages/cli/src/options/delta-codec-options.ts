// Which codec stores the changes of `peftjs delta diff`: by name, by a budget, or by what is kept.
import { type Codec, type CodecChoice, type FitOptions, fitCodecs } from '@peftjs/delta';
import { choice, integer, number, type Option, size } from '../option.ts';
import { UsageError } from '../usage-error.ts';
import { CODEC_NAMES, type CodecName, type CodecOptions, candidatesOf, namedCodec } from './delta-codecs.ts';

export interface CodecValues {
  readonly codec: CodecName | undefined;
  readonly rank: number | undefined;
  readonly density: number | undefined;
  readonly budget: number | undefined;
  readonly energy: number | undefined;
}

export const codecOptions: { readonly [K in keyof CodecValues]: Option<CodecValues[K]> } = {
  codec: choice(CODEC_NAMES, 'what stores the changes; exact when left out, all of them with --budget or --energy'),
  rank: integer('N', 'singular values that --codec low-rank keeps, 16 when left out', { min: 1 }),
  density: number('X', 'share of the numbers that --codec sparse keeps, 0.05 when left out', {
    above: 0,
    max: 1,
  }),
  budget: size('SIZE', 'the most that the delta may take, such as 20MB: what is lost is the least possible'),
  energy: number('X', 'the least share of the squared change that is kept, in the fewest bytes', {
    ...{ above: 0, max: 1 },
  }),
};

/** Decides what stores the changes, once the models are there. */
type Decide = (base: string, tuned: string, how: Omit<FitOptions, 'candidates'>) => Promise<Codec | CodecChoice>;

/** @throws UsageError for options that contradict each other */
export function codecChoice({ codec, rank, density, budget, energy }: CodecValues): Decide {
  if (budget !== undefined && energy !== undefined) throw new UsageError('give --budget or --energy, not both');
  const goal = budget !== undefined ? { bytes: budget } : energy !== undefined ? { energy } : null;
  const options: CodecOptions = { rank, density };
  if (goal === null) {
    const one = namedCodec(codec ?? 'exact', options);
    return async () => one;
  }
  if (rank !== undefined || density !== undefined)
    throw new UsageError('--budget and --energy choose --rank and --density themselves');
  const candidates = candidatesOf(codec);
  return (base, tuned, how) => fitCodecs(base, tuned, goal, { ...how, candidates });
}
