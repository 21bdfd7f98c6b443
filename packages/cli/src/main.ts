// The `peftjs` command: finds the command, reads its options, runs it, and turns what went wrong into a line and a code.
import { nearest } from '@peftjs/core';
import { oneLine } from '@peftjs/safetensors';
import { EXIT, type Run } from './command.ts';
import { commands } from './commands.ts';
import { helpFor, overview } from './help.ts';
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
  const command = await listed.load();
  if (rest.includes('--help')) {
    stdout.write(`${helpFor(command)}\n`);
    return EXIT.ok;
  }
  const values = await parseOptions(rest, command.options, command.positional);
  const report = createReporter({ out: stdout, err: stderr, json: values.json === true, output: command.output });
  const run: Run = { report, signal, args };
  return command.run(values, run);
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
