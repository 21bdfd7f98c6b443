// Quantization-aware training on the command line: what is asked of `train`, and known again of the adapter it has saved.
import type { AdapterRecord } from '@peftjs/checkpoint';
import { type Adapter, ALL_LINEAR, attach, type Family, type Host, type Method } from '@peftjs/core';
import type { QatSpec } from '@peftjs/quantization';
import { given } from '../given.ts';
import type { Training } from '../method-entry.ts';
import { choice, flag, integer, type Option } from '../option.ts';
import { UsageError } from '../usage-error.ts';

export interface QatValues {
  readonly qat: number | undefined;
  readonly 'qat-over': QatSpec['over'] | undefined;
  readonly 'qat-group': number | undefined;
  readonly 'qat-steps': QatSpec['steps'] | undefined;
  readonly 'qat-inputs': number | undefined;
  readonly 'qat-asymmetric': boolean;
}

export const qatOptions: { readonly [K in keyof QatValues]: Option<QatValues[K]> } = {
  qat: integer(
    'BITS',
    'train over weights rounded to so many bits (QAT); with --full those of all layers but embeddings and output',
    { min: 2, max: 8 },
  ),
  'qat-over': choice(
    ['base', 'merged'],
    'round the frozen weight alone, or with the adapter in it, as it will be merged',
  ),
  'qat-group': integer('N', 'inputs that share a step of the rounding; those of a row when left out', { min: 1 }),
  'qat-steps': choice(
    ['fitted', 'learned'],
    'fitted to the largest number of a group, or trained (LSQ), at a tenth of the learning rate; fitted when left out',
  ),
  'qat-inputs': integer('BITS', "round the layers' inputs to so many bits, too", { min: 2, max: 8 }),
  'qat-asymmetric': flag('give each group a minimum beside its step'),
};

/** @throws UsageError where an option lacks another, or does not go with `--full` */
export function checkQat(values: QatValues & { readonly full: boolean }): void {
  const { qat: bits, 'qat-over': over, full } = values;
  const details = ['qat-over', 'qat-group', 'qat-steps', 'qat-inputs', 'qat-asymmetric'] as const;
  const detail = details.find((name) => values[name] !== undefined && values[name] !== false);
  if (bits === undefined && detail !== undefined)
    throw new UsageError(`--${detail} says how to round, and --qat BITS is missing`);
  if (full && over !== undefined) {
    throw new UsageError(
      '--qat-over says whether an adapter is rounded with the frozen weight, and --full has neither; leave it out',
    );
  }
  if (full && values['qat-inputs'] !== undefined) {
    throw new UsageError(
      '--qat-inputs rounds while a model runs, which the folder of a whole one cannot say; leave it out, or train an adapter',
    );
  }
  if (bits !== undefined && !full && over === undefined) {
    throw new UsageError(
      `--qat ${bits} rounds the frozen weight alone or with the adapter in it; say --qat-over base or merged`,
    );
  }
}

/** Undefined where nothing is to be rounded. */
function specOf(values: Partial<QatValues>, over = values['qat-over']): QatSpec | undefined {
  const { qat: bits, 'qat-group': group, 'qat-steps': steps, 'qat-inputs': inputs } = values;
  if (bits === undefined || over === undefined) return undefined;
  const activations = inputs === undefined ? undefined : { bits: inputs };
  return { bits, over, symmetric: !values['qat-asymmetric'], ...given({ group, steps, activations }) };
}

/** What training takes besides: a learned step is a small number, which AdamW would move by as much as any other. */
export function withStepRates(training: Training, { 'qat-steps': steps }: QatValues): Training {
  const { rates = () => 1 } = training;
  if (steps !== 'learned') return training;
  return { ...training, rates: (parameter) => rates(parameter) * (parameter.key.endsWith('qat_step') ? 0.1 : 1) };
}

/** The methods of an adapter, the first over rounded weights where that is asked for. */
export async function withQat(methods: readonly Method[], values: QatValues): Promise<readonly Method[]> {
  const [spec, [first, ...beside]] = [specOf(values), methods];
  if (!spec || !first) return methods;
  const { qat } = await import('@peftjs/quantization');
  return [qat(first, spec), ...beside];
}

/** What layers hold already, trained where it is: it has no parameters of its own. */
const ownWeights: Method = {
  type: 'WHOLE',
  targets: { modules: ALL_LINEAR },
  on: {
    linear: {
      params: () => ({}),
      forward: ({ x, base }) => base(x),
      fold: ({ site: { weight, bias } }) => ({ weight: weight.read(), bias }),
    },
  },
  config: () => ({}),
};

/** Rounds the layers of a model that is trained whole, until it is merged; null where nothing is to be rounded. */
export async function roundLayers(model: Host, values: QatValues): Promise<Adapter | null> {
  const spec = specOf(values, 'merged');
  if (!spec) return null;
  const { qat } = await import('@peftjs/quantization');
  return attach(model, qat(ownWeights, spec));
}

/** What reads an adapter, as it was trained: its folder has the recipe. */
export async function familiesOf({ provenance }: AdapterRecord): Promise<readonly Family[]> {
  const { familiesFor } = await import('../methods.ts');
  const recipe = provenance?.recipe ?? {};
  const families = await familiesFor(recipe);
  const spec = specOf(recipe as Partial<QatValues>);
  if (!spec) return families;
  const { readQat } = await import('@peftjs/quantization');
  return families.map((family) => readQat(family, spec));
}
