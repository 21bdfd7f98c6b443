// The text that a command reads: where it is, and how it becomes token sequences.
import {
  type DataSource,
  type Example,
  type Field,
  formatNamed,
  formats,
  readExamples,
  type TokenSequence,
  tokenizeExamples,
} from '@peftjs/data';
import type { CausalLM } from '@peftjs/models';
import { given } from '../given.ts';
import { choice, flag, integer, list, type Option, orElse, required, text } from '../option.ts';
import type { DataNeeds } from '../training/data-needs.ts';
import { UsageError } from '../usage-error.ts';
import { needTokenizer } from './need-tokenizer.ts';

export interface DataValues {
  readonly data: string;
  readonly format: string | undefined;
  readonly fields: readonly string[] | undefined;
  readonly 'ignore-others': boolean;
  readonly length: number | undefined;
  readonly truncate: boolean;
  readonly packing: boolean;
  readonly 'mask-prompt': boolean;
  readonly 'batch-size': number;
}

export const dataOptions: { readonly [K in keyof DataValues]: Option<DataValues[K]> } = {
  data: required(text('PATH', 'a file of text (JSONL, text, CSV, parquet), or a folder with train and valid files')),
  format: choice(
    formats.map(({ name }) => name),
    'read the files as this, whatever they are called',
  ),
  fields: list('NAMES', "the file's own names of the fields: text=body or prompt=question,completion=answer"),
  'ignore-others': flag('take records that have further fields'),
  length: integer(
    'TOKENS',
    "the longest sequence; longer texts are cut into pieces; the model's context when left out",
    {
      min: 2,
    },
  ),
  truncate: flag('cut prompts with completions, and conversations, that are longer'),
  packing: flag('join short sequences'),
  'mask-prompt': orElse(flag('learn the completion alone; --no-mask-prompt learns the prompt too'), true),
  'batch-size': orElse(integer('N', 'sequences in a batch', { min: 1 }), 4),
};

/** A file's content: as it is, and as the model reads it. */
export interface TokenizedText {
  readonly file: string;
  readonly examples: readonly Example[];
  readonly sequences: readonly TokenSequence[];
  readonly tokens: number;
}

/**
 * Reads and tokenizes one file.
 *
 * @param needs what adapters ask of it
 * @throws naming the file and line of what is wrong
 */
export async function readText(
  source: DataSource,
  values: DataValues,
  model: CausalLM,
  { reserved, tasks }: DataNeeds,
): Promise<TokenizedText> {
  const tokenizer = needTokenizer(model);
  const room = model.contextLength - reserved;
  const { length = Math.max(2, room), truncate, packing } = values;
  if (length > room) {
    const virtual = reserved > 0 ? `, ${reserved} of them virtual ones` : '';
    throw new UsageError(
      `--length is ${length}; the context of ${model.base.name} is ${model.contextLength} tokens${virtual}`,
    );
  }
  const own = values.fields && readFields(values.fields);
  const fields = tasks > 0 ? { task: 'task', ...own } : own;
  const format = values.format === undefined ? undefined : formatNamed(values.format);
  const examples: Example[] = [];
  for await (const example of readExamples(source, {
    ignoreOthers: values['ignore-others'],
    ...given({ fields, format }),
  })) {
    examples.push(example);
  }
  const maskPrompt = values['mask-prompt'];
  const cut = { maxLength: length, chunk: length, truncate, packing, maskPrompt };
  const sequences = await tokenizeExamples(examples, tokenizer, cut);
  checkTasks(sequences, tasks, String(source));
  return { file: String(source), examples, sequences, tokens: countTokens(sequences) };
}

function checkTasks(sequences: readonly TokenSequence[], tasks: number, file: string): void {
  if (tasks === 0) return;
  if (sequences.some(({ task }) => task === undefined)) {
    throw new UsageError(`${file} cannot say of which task a text is; use JSONL, CSV or Parquet with a field "task"`);
  }
  const foreign = sequences.find(({ task = 0 }) => task >= tasks);
  if (foreign !== undefined) {
    throw new UsageError(`${file} has a text of task ${foreign.task}; the tasks are 0 to ${tasks - 1}`);
  }
}

export function countTokens(sequences: readonly TokenSequence[]): number {
  return sequences.reduce((sum, { ids }) => sum + ids.length, 0);
}

function readFields(pairs: readonly string[]): Partial<Record<Field, string>> {
  const known: readonly string[] = ['text', 'prompt', 'completion', 'messages', 'task'];
  const fields = pairs.map((pair) => pair.split('=', 2) as [string, string?]);
  const wrong = fields.find(([name, own]) => !known.includes(name) || own === undefined || own === '');
  if (wrong !== undefined) {
    throw new UsageError(
      `--fields has "${wrong.join('=')}"; it needs NAME=OWN, where NAME is one of ${known.join(', ')}`,
    );
  }
  return Object.fromEntries(fields);
}
