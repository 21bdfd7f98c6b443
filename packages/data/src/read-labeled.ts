/** Labeled examples from JSONL, CSV or parquet: records with a text and a label. */
import { type DataSource, openDataFile } from './data-file.ts';
import type { DataFormat } from './data-format.ts';
import type { LabeledExample } from './labeled-example.ts';
import { formatOf, formats } from './read-examples.ts';
import { described, quoted, textOf, unknownField } from './record-fields.ts';
import type { RecordReader } from './record-reader.ts';

/** How a file of labeled examples is read. */
export interface LabeledOptions {
  /** The file's own names of the fields: `{ text: 'body', label: 'class' }`. */
  readonly fields?: { readonly text?: string; readonly label?: string };
  /** Take records that have further fields, which are left unread. Without it they are an error. */
  readonly ignoreOthers?: boolean;
  /** Read the file as this, whatever its name. */
  readonly format?: DataFormat;
}

/**
 * The labeled examples of a file, in its order, read as they are asked for. A label is text or a whole number.
 * Fails, naming the file and the line, where one does not parse or has a wrong field, where the file's format has no
 * fields, and where it holds no example.
 *
 * @example
 * ```ts
 * for await (const { text, label } of readLabeled('mails.jsonl')) console.log(label, text.length);
 * ```
 */
export async function* readLabeled(
  source: DataSource,
  options: LabeledOptions = {},
): AsyncGenerator<LabeledExample, void, undefined> {
  const file = await openDataFile(source);
  const format = options.format ?? formatOf(file);
  if (format.records === undefined) {
    const able = formats.filter(({ records }) => records !== undefined).map(({ name }) => name);
    throw new Error(
      `[peftjs/data] ${file.name} is read as ${format.name}, which has no place for a label: use ${able.join(', ')}`,
    );
  }
  let count = 0;
  for await (const example of format.records(file, labeledReader(options))) {
    count++;
    yield example;
  }
  if (count === 0) throw new Error(`[peftjs/data] ${file.name} holds no example (${file.size} bytes): give it some`);
}

function labeledReader({ fields = {}, ignoreOthers = false }: LabeledOptions): RecordReader<LabeledExample> {
  const { text = 'text', label = 'label' } = fields;
  const columns = (names: readonly string[], origin: string): readonly string[] => {
    const unknown = names.find((name) => name !== text && name !== label);
    if (unknown !== undefined && !ignoreOthers) throw unknownField(unknown, [text, label], origin);
    const missing = [text, label].find((name) => !names.includes(name));
    if (missing === undefined) return [text, label];
    const held = names.length === 0 ? 'no fields' : quoted(names);
    throw new Error(`[peftjs/data] ${origin} has ${held} and no "${missing}": a labeled example is a text and a label`);
  };
  const read = (record: Readonly<Record<string, unknown>>, origin: string): LabeledExample => {
    columns(Object.keys(record), origin);
    return {
      kind: 'labeled',
      text: textOf(record[text], `${origin}: "${text}"`),
      label: labelOf(record[label], `${origin}: "${label}"`),
      origin,
    };
  };
  return { columns, json: [], read };
}

function labelOf(value: unknown, where: string): string | number {
  if (typeof value === 'string' && value !== '') return value;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  const found = value === '' ? 'empty' : typeof value === 'number' ? String(value) : described(value);
  throw new Error(`[peftjs/data] ${where} is ${found}: a label is text or a whole number from 0`);
}
