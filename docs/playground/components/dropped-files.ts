// The files of a drop: single ones, or all that lie directly in a folder.

export interface Dropped {
  /** The folder's name, or the first file's. */
  readonly name: string;
  readonly files: readonly File[];
}

export async function droppedFiles({ items }: DataTransfer): Promise<Dropped | null> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const [first] = entries;
  if (first === undefined) return null;
  const files = await Promise.all(entries.map(filesIn));
  return { name: first.name, files: files.flat() };
}

async function filesIn(entry: FileSystemEntry): Promise<readonly File[]> {
  if (isFile(entry)) return [await fileOf(entry)];
  const entries = await entriesOf((entry as FileSystemDirectoryEntry).createReader());
  return Promise.all(entries.filter(isFile).map(fileOf));
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/** A reader gives a hundred or so at a time, and at the end none. */
async function entriesOf(reader: FileSystemDirectoryReader): Promise<readonly FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  while (true) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** The files that an input of type `file` was given, with the folder's name where it asks for one. */
export function pickedFiles(input: HTMLInputElement): Dropped | null {
  const files = [...(input.files ?? [])];
  const [first] = files;
  if (first === undefined) return null;
  return { name: first.webkitRelativePath.split('/')[0] || first.name, files };
}
