import type { DataFile } from './data-file.ts';
import type { Example } from './example.ts';
import type { RecordOptions } from './example-from-record.ts';
import type { RecordReader } from './record-reader.ts';

/** A file format of training text, as a value: pass your own to `readExamples`. */
export interface DataFormat {
  /** What it is called on a command line. */
  readonly name: string;
  /** File endings that mean this format, in lower case and without the dot. */
  readonly extensions: readonly string[];
  /** The file's examples in their order, read as they are asked for. */
  read(file: DataFile, options: RecordOptions): AsyncIterable<Example>;
  /** What `reader` takes of the file's records, where it has records. */
  records?<T>(file: DataFile, reader: RecordReader<T>): AsyncIterable<T>;
}
