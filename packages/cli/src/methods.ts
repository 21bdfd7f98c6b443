// The methods of `--method`: one for each file of `methods/`, named as the file is.
import type { Family } from '@peftjs/core';
import type { MethodEntry } from './method-entry.ts';
import { modulesIn } from './modules-in.ts';
import { choice, type Option, type OptionTable } from './option.ts';
import { UsageError } from './usage-error.ts';

export interface NamedMethod extends MethodEntry {
  readonly name: string;
}

const DEFAULT = 'lora';

const place = ({ name }: NamedMethod) => (name === DEFAULT ? '' : name);

const methods: readonly NamedMethod[] = (await modulesIn<MethodEntry>(new URL('./methods/', import.meta.url), 'method'))
  .map(([name, method]) => ({ ...method, name }))
  .sort((a, b) => (place(a) < place(b) ? -1 : 1));

/** What reads every adapter that the library can restore. */
export const families: readonly Family[] = methods.flatMap((method) => method.families);

/** The same for one adapter, by the options that it was trained with. */
export async function familiesFor(recipe: Readonly<Record<string, unknown>>): Promise<readonly Family[]> {
  const method = methods.find(({ name }) => name === recipe.method);
  return [...((await method?.reads?.(recipe)) ?? []), ...families];
}

export const methodOption: Option<string | undefined> = choice(
  methods.map(({ name }) => name),
  `what is trained beside the frozen model (${DEFAULT})`,
);

/**
 * The options of every method, each with the methods that take it. Methods that share one read it alike. None has a
 * default here, as each method has its own, so that one that is not given can be told from one that is.
 */
export const methodOptions: OptionTable = Object.fromEntries(
  Object.entries(Object.assign({}, ...methods.map(({ options }) => options)) as OptionTable).map(
    ([name, { fallback: _, about, ...option }]) => [name, { ...option, about: `${about} (${defaultsOf(name)})` }],
  ),
);

function takersOf(name: string): readonly NamedMethod[] {
  return methods.filter(({ options }) => name in options);
}

/** `lora: 8; bottleneck, loreft`: the methods that take an option, by its default. */
function defaultsOf(name: string): string {
  const byDefault = new Map<string, string[]>();
  for (const { name: method, options } of takersOf(name)) {
    const fallback = options[name]?.fallback;
    const value = fallback === undefined || fallback === false ? '' : `: ${[fallback].flat().join(',')}`;
    byDefault.set(value, [...(byDefault.get(value) ?? []), method]);
  }
  return [...byDefault].map(([value, names]) => names.join(', ') + value).join('; ');
}

export function methodNamed(name: string): NamedMethod {
  return methods.find((method) => method.name === name) as NamedMethod;
}

interface Choice {
  readonly method?: string | undefined;
  /** The whole model is trained, without a method. */
  readonly full?: boolean;
  readonly steps?: number | undefined;
  readonly weights: string;
  readonly calibrate?: string | undefined;
}

/**
 * The method that the values name, and the values with its defaults; without either where the whole model is trained.
 *
 * @throws UsageError where an option is given that does not go with the rest
 */
export function chosenMethod<V extends Choice>(values: V): { readonly method: NamedMethod | null; readonly values: V } {
  const given = values as Readonly<Record<string, unknown>>;
  const asked = Object.keys(methodOptions).filter((name) => given[name] !== undefined);
  if (values.full) {
    const [first] = values.method === undefined ? asked : ['method'];
    if (first === undefined) return { method: null, values };
    throw new UsageError(
      `--full trains the whole model, and --${first} is for what is trained beside it; leave one out`,
    );
  }
  const method = methodNamed(values.method ?? DEFAULT);
  const foreign = asked.find((name) => !(name in method.options));
  if (foreign !== undefined) {
    const takers = takersOf(foreign).map(({ name }) => name);
    throw new UsageError(`--${foreign} is for --method ${takers.join(' or ')}, not ${method.name}; leave it out`);
  }
  const defaults = Object.entries(method.options).map(([name, { fallback }]) => [name, given[name] ?? fallback]);
  const complete = { ...values, method: method.name, ...Object.fromEntries(defaults) };
  method.check?.(complete, values);
  return { method, values: complete };
}
