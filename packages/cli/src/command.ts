// A command of `peftjs`: its options as data, and what it does with their values.
import { flag, type OptionTable, text, type Values } from './option.ts';
import type { Output, Reporter } from './reporter.ts';

/** What a command is run with besides its options. */
export interface Run {
  readonly report: Reporter;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
  /** The arguments as they were given, for messages that say how to go on. */
  readonly args: readonly string[];
}

/** How a command ended, unless it threw. */
export const EXIT = { ok: 0, failed: 1, usage: 2, checks: 3, interrupted: 130 } as const;

export interface Command {
  readonly name: string;
  readonly options: OptionTable;
  /** The option that an argument without a flag is for. */
  readonly positional?: string;
  /**
   * - `report`: lines on stdout, with `--json` one object
   * - `events`: lines on stdout, with `--json` an object a line as the work goes on
   * - `text`: what it makes on stdout and lines on stderr, with `--json` one object
   */
  readonly output: Output;
  /** Lines of the help: what it is for and does. */
  readonly about: string;
  /** Command lines without the leading `peftjs`, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** @returns the exit code */
  run(values: Readonly<Record<string, unknown>>, run: Run): Promise<number>;
}

const COMMON = {
  config: text('FILE', 'JSON file of options, keyed by their names; flags override it'),
  json: flag('print JSON for machines'),
  debug: flag('print the stack of an error'),
  help: flag('print this help'),
};

interface Definition<O extends OptionTable> extends Omit<Command, 'options' | 'run'> {
  readonly options: O;
  run(values: Values<O>, run: Run): Promise<number>;
}

/** A command; every one has `--config`, `--json`, `--debug` and `--help` too. */
export function command<O extends OptionTable>(definition: Definition<O>): Command {
  const { options, run } = definition;
  return { ...definition, options: { ...options, ...COMMON }, run: (values, how) => run(values as Values<O>, how) };
}
