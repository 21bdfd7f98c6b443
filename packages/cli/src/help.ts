// The text of `--help`.
import type { Command } from './command.ts';
import type { CommandGroup } from './command-group.ts';
import type { Option } from './option.ts';

const EXIT_CODES = `Exit codes
  0    done
  1    the work failed: bad data, model or file
  2    wrong usage: an option or a key of the config file
  3    checks failed: parity, doctor
  130  interrupted`;

export interface Listed {
  readonly name: string;
  readonly summary: string;
}

export function overview(commands: readonly Listed[]): string {
  return [
    'peftjs: parameter-efficient fine-tuning in TypeScript',
    '',
    'Usage',
    '  peftjs COMMAND [options]',
    '',
    'Commands',
    ...listed(commands),
    '',
    'Examples',
    '  peftjs train --model HuggingFaceTB/SmolLM2-135M --data notes.jsonl --out out/notes',
    '  peftjs generate --model HuggingFaceTB/SmolLM2-135M --adapter out/notes --prompt "Dear diary"',
    '  peftjs train --help',
    '',
    EXIT_CODES,
  ].join('\n');
}

export function groupHelp({ name, about, actions }: CommandGroup): string {
  const commands = [...actions].map(([word, { summary }]) => ({ name: word, summary }));
  return [
    `peftjs ${name} COMMAND [options]`,
    '',
    about,
    '',
    'Commands',
    ...listed(commands),
    '',
    `peftjs ${name} COMMAND --help says what its options are.`,
  ].join('\n');
}

function listed(commands: readonly Listed[]): readonly string[] {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
}

export function helpFor({ name, about, options, positional, examples }: Command): string {
  const rows = Object.entries(options).map(([key, option]) => [flagOf(key, option), aboutOf(option)] as const);
  const width = Math.min(32, Math.max(...rows.map(([left]) => left.length)));
  const argument = positional === undefined ? '' : ` ${options[positional]?.value}`;
  return [
    `peftjs ${name}${argument} [options]`,
    '',
    about,
    '',
    'Options',
    ...rows.map(([left, right]) =>
      left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
    ),
    '',
    'Examples',
    ...examples.flatMap(([line, does]) => [`  # ${does}`, `  peftjs ${line}`]),
    '',
    EXIT_CODES,
  ].join('\n');
}

function flagOf(name: string, { value }: Option<unknown>): string {
  return value === null ? `--${name}` : `--${name} ${value}`;
}

function aboutOf({ about, required, fallback }: Option<unknown>): string {
  if (required) return `${about} (required)`;
  if (fallback === undefined || fallback === false) return about;
  return `${about} (${Array.isArray(fallback) ? fallback.join(',') : fallback})`;
}
