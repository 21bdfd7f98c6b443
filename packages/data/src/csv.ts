/** Tables as text: CSV and TSV with a header line, whose columns are the fields of an example. Needs papaparse, imported on use. */
import type { Parser } from 'papaparse';
import type { DataFile } from './data-file.ts';
import type { DataFormat } from './data-format.ts';
import { exampleReader } from './example-from-record.ts';
import type { RecordReader } from './record-reader.ts';
import { textChunks } from './text-chunks.ts';

/** CSV with a header. The separator (comma, semicolon, tab or bar) is the one that cuts the header most often. */
export const csv: DataFormat = {
  name: 'csv',
  extensions: ['csv', 'tsv'],
  read: (file, options) => records(file, exampleReader(options)),
  records,
};

async function* records<T>(file: DataFile, reader: RecordReader<T>): AsyncGenerator<T, void, undefined> {
  let header: readonly string[] | null = null;
  for await (const { cells, line } of rows(file)) {
    const origin = `${file.name}:${line}`;
    if (header === null) {
      header = cells.map((name) => name.trim());
      const twice = header.find((name, i) => header!.indexOf(name) !== i);
      if (twice !== undefined) throw new Error(`[peftjs/data] ${origin} names the column "${twice}" twice: rename one`);
      reader.columns(header, origin);
      continue;
    }
    if (cells.length !== header.length) {
      throw new Error(
        `[peftjs/data] ${origin} has ${cells.length} cells, the header has ${header.length}: quote cells that hold a separator`,
      );
    }
    const record: Record<string, unknown> = Object.fromEntries(header.map((name, i) => [name, cells[i]]));
    for (const name of reader.json) if (name in record) record[name] = parseCell(record[name], name, origin);
    const read = reader.read(record, origin);
    if (read !== null) yield read;
  }
}

/** A cell holds text alone, so a conversation stands in it as JSON. */
function parseCell(cell: unknown, name: string, origin: string): unknown {
  try {
    return JSON.parse(String(cell));
  } catch (cause) {
    throw new Error(`[peftjs/data] ${origin}: "${name}" does not parse as JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
}

interface Row {
  readonly cells: readonly string[];
  /** The line of the file on which the row begins, from 1. */
  readonly line: number;
}

interface Parsed {
  readonly data: readonly (readonly string[])[];
  readonly errors: readonly { readonly row: number; readonly message: string }[];
  readonly meta: { readonly cursor: number };
}

async function* rows(file: DataFile): AsyncGenerator<Row, void, undefined> {
  const { default: Papa } = await import('papaparse');
  let parser: Parser | null = null;
  let rest = '';
  let line = 1;
  let wanted = 1;
  const take = function* (last: boolean): Generator<Row, void, undefined> {
    parser ??= new Papa.Parser({
      delimiter: delimiterOf(rest),
      newline: rest[rest.indexOf('\n') - 1] === '\r' ? '\r\n' : '\n',
    });
    const parsed = parser.parse(rest, 0, !last) as Parsed;
    for (const [i, cells] of parsed.data.entries()) {
      const fault = parsed.errors.find((error) => error.row === i);
      if (fault !== undefined) throw new Error(`[peftjs/data] ${file.name}:${line} does not parse: ${fault.message}`);
      if (cells.length > 1 || cells[0]!.trim() !== '') yield { cells, line };
      line += 1 + cells.reduce((breaks, cell) => breaks + cell.split('\n').length - 1, 0);
    }
    // A row longer than what is held is parsed again from its start: wait for twice as much, or that costs the square.
    wanted = parsed.data.length === 0 ? rest.length * 2 : 1;
    rest = rest.slice(parsed.meta.cursor);
  };
  for await (const chunk of textChunks(file)) {
    rest += chunk;
    if (rest.length >= wanted) yield* take(false);
  }
  if (rest !== '') yield* take(true);
}

function delimiterOf(text: string): string {
  const header = text.slice(0, text.indexOf('\n') + 1 || undefined);
  const counts = [',', ';', '\t', '|'].map((mark) => ({ mark, count: header.split(mark).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).mark;
}
