/** Parquet tables, as the hub keeps data sets, read one row group at a time. Needs hyparquet, imported on use. */
import type { DataFile } from './data-file.ts';
import type { DataFormat } from './data-format.ts';
import { exampleReader } from './example-from-record.ts';
import type { RecordReader } from './record-reader.ts';

/** Parquet whose columns are the fields of an example, `messages` a list of structs. Others are not even read. */
export const parquet: DataFormat = {
  name: 'parquet',
  extensions: ['parquet'],
  read: (file, options) => records(file, exampleReader(options)),
  records,
};

async function* records<T>(file: DataFile, reader: RecordReader<T>): AsyncGenerator<T, void, undefined> {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const buffer = {
    byteLength: file.size,
    slice: async (start: number, end: number = file.size): Promise<ArrayBuffer> => (await file.read(start, end)).buffer,
  };
  const metadata = await parquetMetadataAsync(buffer).catch((cause: unknown) => unreadable(file, cause));
  const names = parquetSchema(metadata).children.map((column) => column.element.name);
  const columns = [...reader.columns(names, file.name)];
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await parquetReadObjects({ file: buffer, metadata, columns, rowStart, rowEnd, compressors }).catch(
      (cause: unknown) => unreadable(file, cause),
    );
    for (const [i, row] of rows.entries()) {
      const read = reader.read(row, `${file.name} row ${rowStart + i + 1}`);
      if (read !== null) yield read;
    }
    rowStart = rowEnd;
  }
}

function unreadable(file: DataFile, cause: unknown): never {
  throw new Error(`[peftjs/data] ${file.name} does not read as parquet: ${(cause as Error).message}`, { cause });
}
