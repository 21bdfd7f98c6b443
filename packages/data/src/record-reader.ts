/** What is read of each record of a file: a line's object, a table's row. Formats with records take one and know no more of examples. */
export interface RecordReader<T> {
  /** Which of these names are read. `origin` begins the error where a name is unknown or one is missing. */
  columns(names: readonly string[], origin: string): readonly string[];
  /** Columns that stand as JSON where a cell holds text alone. */
  readonly json: readonly string[];
  /** What the record holds, or null where that is nothing. */
  read(record: Readonly<Record<string, unknown>>, origin: string): T | null;
}
