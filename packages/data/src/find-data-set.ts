/** A data set: a folder with train, valid and test files, as mlx-lm lays it out, or one file to train on. */
import type { DataSource } from './data-file.ts';
import { nearest } from './nearest.ts';
import { loadFs, loadPath, needFileSystem } from './node-modules.ts';
import { formats } from './read-examples.ts';

/** The files of a data set, each for `readExamples`. */
export interface DataSet {
  readonly train: DataSource;
  readonly valid: DataSource | null;
  readonly test: DataSource | null;
}

/** The splits and the names under which each is found. */
const SPLITS: readonly (readonly string[])[] = [['train'], ['valid', 'validation', 'val', 'dev'], ['test']];

/**
 * Finds a data set: `path` is a folder with `train.jsonl` and perhaps `valid.jsonl` and `test.jsonl` (or any other known
 * ending), or a single file, which is then what to train on. A browser passes the files themselves.
 */
export async function findDataSet(source: string | readonly File[]): Promise<DataSet> {
  if (typeof source !== 'string') return pick(new Map(source.map((file) => [file.name, file])), 'the list of files');
  needFileSystem(source);
  const [{ readdir, stat }, { join }] = await Promise.all([loadFs(), loadPath()]);
  const isFolder = await stat(source).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return { train: source, valid: null, test: null };
  const names = await readdir(source);
  return pick(new Map(names.map((name) => [name, join(source, name)])), source);
}

function pick(files: ReadonlyMap<string, DataSource>, where: string): DataSet {
  const endings = formats.flatMap((format) => format.extensions);
  const names = [...files.keys()];
  const [train, valid, test] = SPLITS.map((stems) => {
    const accepted = stems.flatMap((stem) => endings.map((ending) => `${stem}.${ending}`));
    const found = names.filter((name) => accepted.includes(name.toLowerCase()));
    if (found.length > 1) {
      throw new Error(`[peftjs/data] ${where} has ${found.join(' and ')}: keep one, or name the file to use`);
    }
    return found[0];
  });
  if (train === undefined) {
    const near = nearest('train.jsonl', names);
    const held =
      names.length === 0 ? 'is empty' : `holds ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
    throw new Error(
      `[peftjs/data] ${where} has no train.jsonl (or .csv, .parquet, .txt); it ${held}${near === null ? '' : `; nearest: ${near}`}`,
    );
  }
  const source = (name: string | undefined): DataSource | null => (name === undefined ? null : files.get(name)!);
  return { train: files.get(train)!, valid: source(valid), test: source(test) };
}
