// An option of a command: what it is about, and how its value is read from a flag or from the config file.

/** `T` is the type of the value, with undefined where the option may be left out. */
export interface Option<T> {
  /** Stands for the value in the help; null for a switch. */
  readonly value: string | null;
  readonly about: string;
  /** What a value must be, as in "--rank needs a whole number". */
  readonly needs: string;
  /** Words to choose from, where it has some. */
  readonly choices?: readonly string[];
  /** Each time it is given on the command line, another value is added. */
  readonly repeats?: boolean;
  /** The value, or undefined where it is not what is needed. */
  read(given: unknown): T | undefined;
  readonly required: boolean;
  readonly fallback?: T;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

export type Values<O extends OptionTable> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

interface Range {
  readonly min?: number;
  readonly max?: number;
  /** The bound itself is not allowed. */
  readonly above?: number;
  readonly below?: number;
}

function inRange(n: number, { min, max, above, below }: Range): boolean {
  return (
    Number.isFinite(n) &&
    n >= (min ?? -Infinity) &&
    n <= (max ?? Infinity) &&
    n > (above ?? -Infinity) &&
    n < (below ?? Infinity)
  );
}

function described({ min, max, above, below }: Range): string {
  const low = above !== undefined ? ` above ${above}` : min !== undefined ? ` of at least ${min}` : '';
  const high = below !== undefined ? ` below ${below}` : max !== undefined ? ` of at most ${max}` : '';
  return low && high ? `${low} and${high.replace(' of', '')}` : low || high;
}

function toNumber(given: unknown): number {
  if (typeof given === 'number') return given;
  return typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN;
}

function toList(given: unknown): readonly string[] | undefined {
  if (Array.isArray(given)) return given.every((v) => typeof v === 'string') && given.length > 0 ? given : undefined;
  if (typeof given !== 'string') return undefined;
  const parts = given.split(',').map((part) => part.trim());
  return parts.some((part) => part === '') ? undefined : parts;
}

const optional = { required: false } as const;

export function text(value: string, about: string): Option<string | undefined> {
  const read = (given: unknown) => (typeof given === 'string' && given !== '' ? given : undefined);
  return { ...optional, value, about, needs: 'a text', read };
}

export function number(value: string, about: string, range: Range = {}): Option<number | undefined> {
  const read = (given: unknown) => (inRange(toNumber(given), range) ? toNumber(given) : undefined);
  return { ...optional, value, about, needs: `a number${described(range)}`, read };
}

export function integer(value: string, about: string, range: Range = {}): Option<number | undefined> {
  const read = (given: unknown) => {
    const n = toNumber(given);
    return Number.isSafeInteger(n) && inRange(n, range) ? n : undefined;
  };
  return { ...optional, value, about, needs: `a whole number${described(range)}`, read };
}

/** Above 0 and up to 1, or in percent such as `99.9%`. */
export function share(value: string, about: string): Option<number | undefined> {
  const read = (given: unknown) => {
    const [, percent] = /^([\d.]+) ?%$/.exec(String(given)) ?? [];
    const n = percent === undefined ? toNumber(given) : Number(percent) / 100;
    return n > 0 && n <= 1 ? n : undefined;
  };
  return { ...optional, value, about, needs: 'a share, such as 0.999 or 99.9%', read };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };

/** A size such as `20MB`, in powers of a thousand, or a number of bytes. */
export function size(value: string, about: string): Option<number | undefined> {
  const read = (given: unknown) => {
    if (typeof given === 'number') return given > 0 ? given : undefined;
    const [, digits, unit = ''] = /^([\d.]+) ?([kmg]?b)?$/i.exec(String(given)) ?? [];
    const n = Number(digits) * (UNITS[unit.toLowerCase()] as number);
    return n > 0 ? n : undefined;
  };
  return { ...optional, value, about, needs: 'a size, such as 20MB', read };
}

export function choice<const T extends string>(choices: readonly T[], about: string): Option<T | undefined> {
  const read = (given: unknown) => choices.find((one) => one === given);
  return { ...optional, value: choices.join('|'), about, needs: `one of ${choices.join(', ')}`, choices, read };
}

/** Several texts: given again for each on the command line, one or a list in the config file. */
export function texts(value: string, about: string): Option<readonly string[] | undefined> {
  const read = (given: unknown) => {
    const values: readonly unknown[] = [given].flat();
    const whole = values.length > 0 && values.every((one) => typeof one === 'string' && one !== '');
    return whole ? (values as readonly string[]) : undefined;
  };
  return { ...optional, value, about, needs: 'a text, once or more', repeats: true, read };
}

/** Several values: with commas on the command line, a list in the config file. */
export function list(value: string, about: string, choices?: readonly string[]): Option<readonly string[] | undefined> {
  if (choices === undefined) return { ...optional, value, about, needs: 'a list, such as a,b', read: toList };
  const read = (given: unknown) => {
    const values = toList(given);
    return values?.every((one) => choices.includes(one)) ? values : undefined;
  };
  return { ...optional, value, about, needs: `a list of ${choices.join(', ')}`, choices, read };
}

export function integers(value: string, about: string): Option<readonly number[] | undefined> {
  const read = (given: unknown) => {
    const numbers = (Array.isArray(given) ? given : toList(given))?.map(toNumber);
    return numbers?.every((n: number) => Number.isSafeInteger(n) && n >= 0) ? numbers : undefined;
  };
  return { ...optional, value, about, needs: 'whole numbers, such as 0,1', read };
}

export function flag(about: string): Option<boolean> {
  const words = new Map<unknown, boolean>([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
  ]);
  return {
    ...optional,
    value: null,
    about,
    needs: 'true or false',
    read: (given) => words.get(given),
    fallback: false,
  };
}

/** The option with a value for where it is left out. */
export function orElse<T>(option: Option<T | undefined>, fallback: NoInfer<NonNullable<T>>): Option<NonNullable<T>> {
  return { ...(option as Option<NonNullable<T>>), fallback };
}

/** The option as one that must be given. */
export function required<T>(option: Option<T | undefined>): Option<NonNullable<T>> {
  return { ...(option as Option<NonNullable<T>>), required: true };
}
