// The options by which methods choose what they act on.
import { integers, list, type Option } from '../option.ts';

export const targets: Option<readonly string[] | undefined> = list(
  'NAMES',
  'modules to adapt: ends of their names or roles, or /PATTERN/ for the whole name, or all-linear',
);

export const exclude: Option<readonly string[] | undefined> = list('NAMES', 'modules to leave out, as for --targets');

export const layers: Option<readonly number[] | undefined> = integers('NUMBERS', 'only these layers, counted from 0');

export const modulesToSaveOption: Option<readonly string[] | undefined> = list(
  'NAMES',
  'modules to train whole and save with the adapter',
);

/** `all-linear` and `/PATTERN/` stand alone, everything else is a list of names. */
export function namesOf(values: readonly string[]): readonly string[] | string {
  const [first] = values as [string];
  const whole = values.join(',');
  if (/^\/.+\/$/.test(whole)) return whole.slice(1, -1);
  return values.length === 1 && first === 'all-linear' ? first : values;
}
