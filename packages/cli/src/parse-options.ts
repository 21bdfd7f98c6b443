// A command's values: its flags, over the config file, over the defaults. Whatever is wrong is named with the nearest
// that would be right.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { nearest } from '@peftjs/core';
import type { Option, OptionTable, Values } from './option.ts';
import { UsageError } from './usage-error.ts';

interface Given {
  /** What errors call it: `--rank`, or `"rank" in tune.json`. */
  readonly where: string;
  readonly value: unknown;
}

/**
 * @param positional the option that an argument without a flag is for
 * @throws UsageError
 */
export async function parseOptions<O extends OptionTable>(
  args: readonly string[],
  options: O,
  positional?: string,
): Promise<Values<O>> {
  const flags = readFlags(args, options, positional);
  const file = flags.get('config');
  const given = new Map([...(file === undefined ? [] : await readConfig(String(file.value), options)), ...flags]);
  const values: Record<string, unknown> = {};
  for (const [name, one] of given) values[name] = readValue(options[name] as Option<unknown>, one);
  for (const [name, option] of Object.entries(options)) {
    if (given.has(name)) continue;
    if (option.required) throw missing(name, option, name === positional);
    values[name] = option.fallback;
  }
  return values as Values<O>;
}

function readFlags(args: readonly string[], options: OptionTable, positional?: string): Map<string, Given> {
  const types = Object.entries(options).map(
    ([name, { value }]) => [name, { type: value === null ? ('boolean' as const) : ('string' as const) }] as const,
  );
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(types),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, Given>();
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (positional === undefined || given.has(positional))
        throw new UsageError(`unexpected argument "${token.value}"; options begin with --, see --help`);
      given.set(positional, { where: `--${positional}`, value: token.value });
    }
    if (token.kind !== 'option') continue;
    const negated = token.name.startsWith('no-') && options[token.name.slice(3)]?.value === null;
    const name = negated ? token.name.slice(3) : token.name;
    const option = options[name];
    if (option === undefined || !token.rawName.startsWith('--')) {
      throw new UsageError(`unknown option ${token.rawName}${nearestFlag(token.name, options)}`);
    }
    const lacksValue = token.value === undefined || (!token.inlineValue && token.value.startsWith('--'));
    if (option.value !== null && lacksValue) throw new UsageError(`--${name} needs a value: ${option.needs}`);
    const value = negated ? false : (token.value ?? true);
    const earlier = given.get(name)?.value;
    if (earlier !== undefined && earlier !== value && !option.repeats)
      throw new UsageError(`--${name} is given twice, as ${earlier} and as ${value}; it takes one: ${option.needs}`);
    const values = earlier === undefined || !option.repeats ? value : [earlier, value].flat();
    given.set(name, { where: `--${name}`, value: values });
  }
  return given;
}

function nearestFlag(name: string, options: OptionTable): string {
  return nearest(name, Object.keys(options)).replace('"', '--').replace('"', '');
}

async function readConfig(path: string, options: OptionTable): Promise<Map<string, Given>> {
  const content = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new UsageError(`--config ${path} cannot be read: ${cause.message}`, { cause });
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw new UsageError(`--config ${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new UsageError(`--config ${path} is not an object of options; write { "rank": 8 }`);
  const known = Object.keys(options).filter((name) => name !== 'config' && name !== 'help');
  const unknown = Object.keys(parsed).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new UsageError(`${path}: unknown key "${unknown}"${nearest(unknown, known)}`);
  return new Map(Object.entries(parsed).map(([name, value]) => [name, { where: `"${name}" in ${path}`, value }]));
}

function readValue(option: Option<unknown>, { where, value }: Given): unknown {
  const read = option.read(value);
  if (read !== undefined) return read;
  const wrong = String(value)
    .split(',')
    .find((one) => !option.choices?.includes(one.trim()));
  const near = option.choices === undefined || wrong === undefined ? '' : nearest(wrong, option.choices);
  throw new UsageError(`${where} is ${JSON.stringify(value)}; it needs ${option.needs}${near}`);
}

function missing(name: string, { value, about }: Option<unknown>, positional: boolean): UsageError {
  return new UsageError(`${positional ? value : `--${name} ${value}`} is missing: ${about}`);
}
