// The `peftjs` command: finds the command, reads its options, runs it, and turns what went wrong into a line and a code.
import { nearest } from '@peftjs/core';
import { oneLine } from '@peftjs/safetensors';
import { type Command, EXIT } from './command.ts';
import type { CommandGroup } from './command-group.ts';
import { commands } from './commands.ts';
import { groupHelp, helpFor, overview } from './help.ts';
import { parseOptions } from './parse-options.ts';
import { createReporter, type Sink } from './reporter.ts';
import { Interrupted } from './training/interrupted.ts';
import { UsageError } from './usage-error.ts';
import { version } from './version.ts';

/** Where a run reads and writes; the process's own when left out. */
export interface Surroundings {
  readonly stdout?: Sink;
  readonly stderr?: Sink;
  /** Aborted in place of Ctrl-C. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a command line.
 *
 * @param args without `node` and the script
 * @returns the exit code
 */
export async function main(args: readonly string[], surroundings: Surroundings = {}): Promise<number> {
  const { stdout = process.stdout, stderr = process.stderr } = surroundings;
  const interrupt = surroundings.signal === undefined ? onCtrlC(stderr) : null;
  const signal = surroundings.signal ?? interrupt?.signal ?? new AbortController().signal;
  try {
    return await dispatch(args, stdout, stderr, signal);
  } catch (error) {
    const code = codeOf(error, signal);
    stderr.write(`${message(error, code)}\n`);
    if (args.includes('--debug') && error instanceof Error) stderr.write(`${error.stack}\n`);
    return code;
  } finally {
    interrupt?.release();
  }
}

async function dispatch(args: readonly string[], stdout: Sink, stderr: Sink, signal: AbortSignal): Promise<number> {
  const [name, ...rest] = args;
  const runCommand = async (command: Command, own: readonly string[]): Promise<number> => {
    if (own.includes('--help')) {
      stdout.write(`${helpFor(command)}\n`);
      return EXIT.ok;
    }
    const values = await parseOptions(own, command.options, command.positional);
    const report = createReporter({ out: stdout, err: stderr, json: values.json === true, output: command.output });
    return command.run(values, { report, signal, args });
  };
  if (name === '--version') {
    stdout.write(`${version()}\n`);
    return EXIT.ok;
  }
  if (name === undefined || name === '--help' || name === 'help') {
    stdout.write(`${overview(commands)}\n`);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const listed = commands.find((one) => one.name === name);
  if (listed === undefined) {
    const names = commands.map((one) => one.name);
    throw new UsageError(`unknown command "${name}"${nearest(name, names)}; see peftjs --help`);
  }
  const found = await listed.load();
  if (!('actions' in found)) return runCommand(found, rest);
  const [action, ...others] = rest;
  if (action === undefined || action === '--help') {
    stdout.write(`${groupHelp(found)}\n`);
    return action === undefined ? EXIT.usage : EXIT.ok;
  }
  return runCommand(actionOf(found, action), others);
}

/** @throws UsageError where the group has no such word */
function actionOf({ name, actions }: CommandGroup, word: string): Command {
  const action = actions.get(word);
  if (action) return action.command;
  throw new UsageError(`unknown command "${name} ${word}"${nearest(word, actions.keys())}; see peftjs ${name} --help`);
}

function codeOf(error: unknown, signal: AbortSignal): number {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof Interrupted || signal.aborted ? EXIT.interrupted : EXIT.failed;
}

function message(error: unknown, code: number): string {
  if (code === EXIT.interrupted) return error instanceof Interrupted ? error.message : 'interrupted';
  return `error: ${oneLine(error instanceof Error ? error.message : String(error))}`;
}

/** Aborts at the first Ctrl-C; a second one ends the process. */
function onCtrlC(stderr: Sink): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    stderr.write('\ninterrupting; once more to end at once\n');
    controller.abort(new Interrupted('interrupted'));
  };
  process.on('SIGINT', listener);
  return { signal: controller.signal, release: () => process.off('SIGINT', listener) };
}
