/** Reads a file's examples: finds the format by the file's name, or takes the one it is given. */
import { csv } from './csv.ts';
import { type DataFile, type DataSource, openDataFile } from './data-file.ts';
import type { DataFormat } from './data-format.ts';
import type { Example } from './example.ts';
import type { RecordOptions } from './example-from-record.ts';
import { jsonl } from './jsonl.ts';
import { nearest } from './nearest.ts';
import { parquet } from './parquet.ts';
import { lines, paragraphs, plainText } from './plain-text.ts';

/** The formats that are known without being named. */
export const formats: readonly DataFormat[] = [jsonl, plainText, paragraphs, lines, csv, parquet];

/** How a file is read. */
export interface ReadOptions extends RecordOptions {
  /** Read the file as this, whatever its name. */
  readonly format?: DataFormat;
}

/**
 * The examples of a file, in its order, read as they are asked for. A file may mix the kinds of example.
 * Fails, naming the file and the line, where one does not parse or has a wrong field, and where the file holds no example.
 *
 * @example
 * ```ts
 * for await (const example of readExamples('train.jsonl')) console.log(example.kind, example.origin);
 * ```
 */
export async function* readExamples(
  source: DataSource,
  options: ReadOptions = {},
): AsyncGenerator<Example, void, undefined> {
  const file = await openDataFile(source);
  const format = options.format ?? formatOf(file);
  let count = 0;
  for await (const example of format.read(file, options)) {
    count++;
    yield example;
  }
  if (count === 0) {
    throw new Error(`[peftjs/data] ${file.name} holds no example (${file.size} bytes): give it at least one`);
  }
}

/** The format of this name: `jsonl`, `text`, `paragraphs`, `lines`, `csv` or `parquet`. */
export function formatNamed(name: string): DataFormat {
  const format = formats.find((known) => known.name === name);
  if (format !== undefined) return format;
  const names = formats.map((known) => known.name);
  const near = nearest(name, names);
  throw new Error(
    `[peftjs/data] no format is called "${name}"; ${near === null ? `known are ${names.join(', ')}` : `nearest: "${near}"`}`,
  );
}

/** The format that the file's name says. */
export function formatOf(file: DataFile): DataFormat {
  const extension = file.name.includes('.') ? file.name.slice(file.name.lastIndexOf('.') + 1).toLowerCase() : '';
  const format = formats.find((known) => known.extensions.includes(extension));
  if (format !== undefined) return format;
  const near = nearest(
    extension,
    formats.flatMap((known) => known.extensions),
  );
  throw new Error(
    `[peftjs/data] ${file.name} has an ending that names no format${near === null ? '' : `; nearest: ".${near}"`}. Pass \`format\`: ${formats.map((known) => known.name).join(', ')}`,
  );
}
