// The methods of `--method`. A package of methods adds its entry here.
import type { Family } from '@peftjs/core';
import type { MethodEntry } from './method-entry.ts';
import { bottleneckEntry } from './methods/bottleneck.ts';
import { ia3Entry } from './methods/ia3.ts';
import { loraEntry } from './methods/lora.ts';
import { loreftEntry } from './methods/loreft.ts';
import { pTuningEntry } from './methods/p-tuning.ts';
import { prefixEntry } from './methods/prefix.ts';
import { promptEntry } from './methods/prompt.ts';
import { choice, type Option, type OptionTable, orElse } from './option.ts';
import { UsageError } from './usage-error.ts';

const entries: readonly MethodEntry[] = [
  loraEntry,
  bottleneckEntry,
  ia3Entry,
  loreftEntry,
  prefixEntry,
  promptEntry,
  pTuningEntry,
];

/** What reads every adapter that a method here can write. */
export const families: readonly Family[] = entries.flatMap((entry) => entry.families);

export const methodOption: Option<string> = orElse(
  choice(
    entries.map(({ name }) => name),
    'what is trained beside the frozen model',
  ),
  'lora',
);

/**
 * The options of every method, each with the methods that take it. Methods that share one read it alike. None has a
 * default here, as each method has its own, so that one that is not given can be told from one that is.
 */
export const methodOptions: OptionTable = Object.fromEntries(
  Object.entries(Object.assign({}, ...entries.map(({ options }) => options)) as OptionTable).map(
    ([name, { fallback: _, about, ...option }]) => [name, { ...option, about: `${about} (${defaultsOf(name)})` }],
  ),
);

function takersOf(name: string): readonly MethodEntry[] {
  return entries.filter(({ options }) => name in options);
}

/** `lora: 8; bottleneck, loreft`: the methods that take an option, by its default. */
function defaultsOf(name: string): string {
  const byDefault = new Map<string, string[]>();
  for (const { name: method, options } of takersOf(name)) {
    const fallback = options[name]?.fallback;
    const value = fallback === undefined || fallback === false ? '' : `: ${[fallback].flat().join(',')}`;
    byDefault.set(value, [...(byDefault.get(value) ?? []), method]);
  }
  return [...byDefault].map(([value, methods]) => methods.join(', ') + value).join('; ');
}

export function methodNamed(name: string): MethodEntry {
  return entries.find((entry) => entry.name === name) as MethodEntry;
}

/**
 * The values with the defaults of the method that they name.
 *
 * @throws UsageError where an option is given that this method does not take
 */
export function withDefaults<V extends { readonly method: string }>(values: V): V {
  const { options } = methodNamed(values.method);
  const given = values as Readonly<Record<string, unknown>>;
  const foreign = Object.keys(methodOptions).find((name) => !(name in options) && given[name] !== undefined);
  if (foreign !== undefined) {
    const methods = takersOf(foreign).map(({ name }) => name);
    throw new UsageError(`--${foreign} is for --method ${methods.join(' or ')}, not ${values.method}; leave it out`);
  }
  const defaults = Object.entries(options).map(([name, { fallback }]) => [name, given[name] ?? fallback]);
  return { ...values, ...Object.fromEntries(defaults) };
}
