// The options by which methods choose what they act on.
import { type Method, modulesToSave } from '@peftjs/core';
import { given } from '../given.ts';
import { integers, list, type Option, orElse } from '../option.ts';

interface TargetValues {
  readonly targets: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly layers?: readonly number[] | undefined;
}

interface WholeValues {
  readonly 'modules-to-save': readonly string[] | undefined;
}

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

/** Of a method that by itself takes every linear layer but the output. */
export const linearTargets: {
  readonly targets: Option<readonly string[]>;
  readonly exclude: typeof exclude;
  readonly layers: typeof layers;
  readonly 'modules-to-save': typeof modulesToSaveOption;
} = { targets: orElse(targets, ['all-linear']), exclude, layers, 'modules-to-save': modulesToSaveOption };

type Names = readonly string[] | string;

/** `all-linear` and `/PATTERN/` stand alone, everything else is a list of names. */
export function namesOf(values: readonly string[]): Names {
  const [first] = values as [string];
  const whole = values.join(',');
  if (/^\/.+\/$/.test(whole)) return whole.slice(1, -1);
  return values.length === 1 && first === 'all-linear' ? first : values;
}

/** Where a method that has its own targets acts. */
export function placesOf(values: TargetValues): { targets?: Names; exclude?: Names; layers?: readonly number[] } {
  return given({
    targets: values.targets && namesOf(values.targets),
    exclude: values.exclude && namesOf(values.exclude),
    layers: values.layers,
  });
}

/** The same of a method that needs targets. */
export function linearPlacesOf(
  values: TargetValues & { readonly targets: readonly string[] },
): ReturnType<typeof placesOf> & { readonly targets: Names } {
  return { ...placesOf(values), targets: namesOf(values.targets) };
}

/** The modules that are trained whole, beside the method. */
export function wholeOf({ 'modules-to-save': names }: WholeValues): readonly Method[] {
  return names ? [modulesToSave(names)] : [];
}
