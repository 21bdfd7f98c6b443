// How the frozen weights are held: the storages that have a name on the command line.
import type { Storage } from '@peftjs/core';
import type { Importance } from '@peftjs/quantization';
import { given } from '../given.ts';
import { choice, integer, type Option, orElse, text } from '../option.ts';
import { UsageError } from '../usage-error.ts';

type Quantization = typeof import('@peftjs/quantization');

interface Kind {
  readonly takes: readonly ('weights-group' | 'calibrate')[];
  make(from: Quantization, group: number | undefined, importance: Importance | undefined): Storage;
}

const plain = (name: 'f16' | 'bf16' | 'asStored'): Kind => ({ takes: [], make: (from) => from[name]() });

const int4 = (asymmetric: boolean): Kind => ({
  takes: ['weights-group'],
  make: (from, group) => from.int4({ asymmetric, ...given({ group }) }),
});

/** @param embed what holds embeddings, which are not multiplied by and so never measured; the same codes when left out */
const fourBit = (name: 'nf4' | 'fp4', doubleQuantization = false, embed?: (from: Quantization) => Storage): Kind => ({
  takes: ['weights-group', 'calibrate'],
  make(from, block, importance) {
    const options = { doubleQuantization, ...given({ block }) };
    const layers = from[name]({ ...options, ...given({ importance }) });
    if (embed) return from.byRole({ embed: embed(from), head: embed(from) }, layers);
    return importance ? from.byRole({ embed: from[name](options) }, layers) : layers;
  },
});

type Coded =
  | 'f16'
  | 'bf16'
  | 'int8'
  | 'int4'
  | 'int4-asymmetric'
  | 'nf4'
  | 'nf4-double'
  | 'nf4-int8'
  | 'fp4'
  | 'as-stored';

const KINDS: Readonly<Record<Coded, Kind>> = {
  f16: plain('f16'),
  bf16: plain('bf16'),
  int8: { takes: ['weights-group'], make: (from, group) => from.int8(given({ group })) },
  int4: int4(false),
  'int4-asymmetric': int4(true),
  nf4: fourBit('nf4'),
  'nf4-double': fourBit('nf4', true),
  'nf4-int8': fourBit('nf4', true, ({ int8 }) => int8()),
  fp4: fourBit('fp4'),
  'as-stored': plain('asStored'),
};

export type WeightsName = 'f32' | Coded;

export interface WeightsValues {
  readonly weights: WeightsName;
  readonly 'weights-group'?: number | undefined;
  readonly calibrate?: string | undefined;
}

/** What is said of the codes beside their name. */
export const codesOptions: { readonly [K in 'weights-group' | 'calibrate']: Option<WeightsValues[K] | undefined> } = {
  'weights-group': integer(
    'N',
    'numbers that share a scale in --weights of 4 bits, 64 when left out, or int8, a row when left out',
    { min: 32 },
  ),
  calibrate: text(
    'PATH',
    'a text like what the model is for: --weights nf4 and fp4 get the scales that lose least on it, instead of those that hold the largest number',
  ),
};

export const weightsOptions: typeof codesOptions & { readonly weights: Option<WeightsName> } = {
  weights: orElse(
    choice(
      ['f32', ...(Object.keys(KINDS) as Coded[])],
      'how the frozen weights are held in memory; int4-asymmetric: with a minimum for each group; nf4-double: scales in 8 bits too; nf4-int8: embeddings and output in int8; as-stored: as the file has them',
    ),
    'f32',
  ),
  ...codesOptions,
};

/** @throws UsageError where an option is given that the storage does not take */
export function checkWeights({ weights, ...values }: WeightsValues): void {
  const taken: readonly string[] = weights === 'f32' ? [] : KINDS[weights].takes;
  for (const option of ['weights-group', 'calibrate'] as const) {
    if (values[option] === undefined || taken.includes(option)) continue;
    const takers = Object.entries(KINDS).filter(([, kind]) => kind.takes.includes(option));
    throw new UsageError(
      `--${option} is for --weights ${takers.map(([name]) => name).join(' or ')}, not ${weights}; leave it out`,
    );
  }
}

/** The storage of that name; undefined for the models' own. */
export async function storageOf(
  { weights, 'weights-group': group }: WeightsValues,
  importance?: Importance,
): Promise<Storage | undefined> {
  if (weights === 'f32') return undefined;
  return KINDS[weights].make(await import('@peftjs/quantization'), group, importance);
}
