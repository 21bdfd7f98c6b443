// How the frozen weights are held: the storages that have a name on the command line.
import { dense, type Storage } from '@peftjs/core';
import type { Importance } from '@peftjs/quantization';
import { given } from '../given.ts';
import { choice, integer, type Option, orElse, text } from '../option.ts';
import { UsageError } from '../usage-error.ts';

type Quantization = typeof import('@peftjs/quantization');

interface Fitting {
  readonly group?: number | undefined;
  readonly importance?: Importance | undefined;
}

interface Kind {
  readonly takes: readonly ('weights-group' | 'calibrate')[];
  make(from: Quantization, fitting: Fitting): Storage;
}

const plain = (name: 'f16' | 'bf16' | 'asStored'): Kind => ({ takes: [], make: (from) => from[name]() });

/** Of 4 bits, which may be fitted to a text. */
const fourBit = (make: Kind['make']): Kind => ({
  takes: ['weights-group', 'calibrate'],
  make(from, { group, importance }) {
    const codes = make(from, { group });
    // Embeddings are not multiplied by, and so never measured.
    return importance ? from.byRole({ embed: codes }, make(from, { group, importance })) : codes;
  },
});

const int4 = (asymmetric: boolean): Kind => fourBit((from, fitting) => from.int4({ asymmetric, ...given(fitting) }));

const table = (name: 'nf4' | 'fp4', doubleQuantization = false): Kind =>
  fourBit((from, { group: block, importance }) => from[name]({ doubleQuantization, ...given({ block, importance }) }));

type Coded = 'f16' | 'bf16' | 'int8' | 'int4' | 'int4-asymmetric' | 'nf4' | 'nf4-double' | 'fp4' | 'as-stored';

const KINDS: Readonly<Record<Coded, Kind>> = {
  f16: plain('f16'),
  bf16: plain('bf16'),
  int8: { takes: ['weights-group'], make: (from, { group }) => from.int8(given({ group })) },
  int4: int4(false),
  'int4-asymmetric': int4(true),
  nf4: table('nf4'),
  'nf4-double': table('nf4', true),
  fp4: table('fp4'),
  'as-stored': plain('asStored'),
};

export type WeightsName = 'f32' | Coded;

export interface WeightsValues {
  readonly weights: WeightsName;
  readonly embeddings?: WeightsName | undefined;
  readonly 'weights-group'?: number | undefined;
  readonly calibrate?: string | undefined;
  readonly 'calibrate-by'?: 'squares' | 'products' | undefined;
}

/** What is said of the codes beside their name. */
export const codesOptions: {
  readonly [K in 'weights-group' | 'calibrate' | 'calibrate-by']: Option<WeightsValues[K] | undefined>;
} = {
  'weights-group': integer(
    'N',
    'numbers that share a scale in --weights of 4 bits, 64 when left out, or int8, a row when left out',
    { min: 32 },
  ),
  calibrate: text(
    'PATH',
    'a text like what the model is for: --weights of 4 bits get the scales that lose least on it, instead of those that hold the largest number',
  ),
  'calibrate-by': choice(
    ['squares', 'products'],
    'what is measured of the inputs: squares, of 8192 tokens, or products of each two (GPTQ), of ten tokens for each input of the widest layer, which loses less of what each layer gives and takes memory and minutes; squares when left out',
  ),
};

const ALL: readonly WeightsName[] = ['f32', ...(Object.keys(KINDS) as Coded[])];

export const weightsOptions: typeof codesOptions & {
  readonly weights: Option<WeightsName>;
  readonly embeddings: Option<WeightsName | undefined>;
} = {
  weights: orElse(
    choice(
      ALL,
      'how the frozen weights are held in memory; int4-asymmetric: with a minimum for each group; nf4-double: scales in 8 bits too; as-stored: as the file has them',
    ),
    'f32',
  ),
  embeddings: choice(ALL, 'the same of embeddings and output; as --weights when left out'),
  ...codesOptions,
};

/**
 * @param names the storages that there are to choose from
 * @throws UsageError where an option is given that the storage does not take, or one lacks another
 */
export function checkWeights({ weights, ...values }: WeightsValues, names: readonly string[] = ALL): void {
  const taken: readonly string[] = weights === 'f32' ? [] : KINDS[weights].takes;
  for (const option of ['weights-group', 'calibrate'] as const) {
    if (values[option] === undefined || taken.includes(option)) continue;
    const takers = Object.entries(KINDS).flatMap(([name, kind]) =>
      kind.takes.includes(option) && names.includes(name) ? [name] : [],
    );
    throw new UsageError(`--${option} is for --weights ${takers.join(' or ')}, not ${weights}; leave it out`);
  }
  if (values['calibrate-by'] !== undefined && values.calibrate === undefined)
    throw new UsageError('--calibrate-by says how to fit codes to a text, and --calibrate PATH is missing');
}

/** Whether they are codes of 4 bits that are made anew. */
export function isFourBit(weights: WeightsName): boolean {
  return weights !== 'f32' && KINDS[weights].takes.includes('calibrate');
}

/** What they name; undefined for the models' own. @param around is given the storage of `weights`, and gives what takes its place */
export async function storageOf(
  { weights, embeddings = weights, 'weights-group': group }: WeightsValues,
  importance?: Importance,
  around: (layers: Storage) => Storage = (layers) => layers,
): Promise<Storage | undefined> {
  if (weights === 'f32' && embeddings === 'f32') return undefined;
  const from = await import('@peftjs/quantization');
  const make = (name: WeightsName, how: Fitting = {}) => (name === 'f32' ? dense : KINDS[name].make(from, how));
  const layers = around(make(weights, { group, importance }));
  if (embeddings === weights) return layers;
  const tables = make(embeddings);
  return from.byRole({ embed: tables, head: tables }, layers);
}
