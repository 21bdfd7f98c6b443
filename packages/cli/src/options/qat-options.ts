// Quantization-aware training on the command line: what is asked of `train`, and known again of the adapter it has saved.
import type { AdapterRecord } from '@peftjs/checkpoint';
import type { Family, Method } from '@peftjs/core';
import type { QatSpec } from '@peftjs/quantization';
import { given } from '../given.ts';
import { choice, integer, type Option } from '../option.ts';
import { UsageError } from '../usage-error.ts';

export interface QatValues {
  readonly qat: number | undefined;
  readonly 'qat-over': QatSpec['over'] | undefined;
  readonly 'qat-group': number | undefined;
}

export const qatOptions: { readonly [K in keyof QatValues]: Option<QatValues[K]> } = {
  qat: integer('BITS', 'train over weights rounded to so many bits (QAT)', { min: 2, max: 8 }),
  'qat-over': choice(
    ['base', 'merged'],
    'round the frozen weight alone, or with the adapter in it, as it will be merged',
  ),
  'qat-group': integer('N', 'inputs that share a step of the rounding; those of a row when left out', { min: 1 }),
};

/** @throws UsageError where an option lacks another */
export function checkQat(values: QatValues & { readonly full?: boolean }): void {
  const { qat: bits, 'qat-over': over, 'qat-group': group, full } = values;
  if (bits === undefined && (over !== undefined || group !== undefined)) {
    throw new UsageError(`--qat-${over === undefined ? 'group' : 'over'} says how to round, and --qat BITS is missing`);
  }
  if (bits !== undefined && over === undefined) {
    throw new UsageError(
      `--qat ${bits} rounds the frozen weight alone or with the adapter in it; say --qat-over base or merged`,
    );
  }
  if (bits !== undefined && full)
    throw new UsageError('--qat rounds beneath a method, and --full has none; leave one out');
}

/** Undefined where nothing is to be rounded. */
function specOf({ qat: bits, 'qat-over': over, 'qat-group': group }: Partial<QatValues>): QatSpec | undefined {
  return bits === undefined || over === undefined ? undefined : { bits, over, ...given({ group }) };
}

/** The methods of an adapter, the first over rounded weights where that is asked for. */
export async function withQat(methods: readonly Method[], values: QatValues): Promise<readonly Method[]> {
  const [spec, [first, ...beside]] = [specOf(values), methods];
  if (!spec || !first) return methods;
  const { qat } = await import('@peftjs/quantization');
  return [qat(first, spec), ...beside];
}

/** What reads an adapter, as it was trained: its folder has the recipe. */
export async function familiesOf({ provenance }: AdapterRecord): Promise<readonly Family[]> {
  const { families } = await import('../methods.ts');
  const spec = specOf((provenance?.recipe ?? {}) as Partial<QatValues>);
  if (!spec) return families;
  const { readQat } = await import('@peftjs/quantization');
  return families.map((family) => readQat(family, spec));
}
