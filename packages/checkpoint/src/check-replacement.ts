import { CheckpointError } from './checkpoint-error.ts';

/** Whether `name` is a file's own name: no path, nothing that a file system reads otherwise than it looks. */
export function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[\\/\p{Cc}]/u.test(name);
}

/** Throws unless `location`, which holds `existing`, may be replaced by files of these names. */
export function checkReplacement(location: string, existing: Iterable<string>, names: Iterable<string>): void {
  const wanted = new Set(names);
  for (const name of wanted) {
    if (!isFileName(name)) throw new CheckpointError(`${location}: ${JSON.stringify(name)} is no name for a file`);
  }
  for (const name of existing) {
    if (wanted.has(name)) continue;
    throw new CheckpointError(
      `${location} holds ${JSON.stringify(name)}, which saving would delete; choose a new folder, or move it away first`,
    );
  }
}
