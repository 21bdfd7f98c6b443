// A file's own 4 bits that are rounded to other ones: what that loses, holding them as they are does not.
import { type Storage, storeMatrix } from '@peftjs/core';
import type { Reporter } from '../reporter.ts';

const FOUR_BITS: ReadonlySet<string> = new Set(['Q4_0', 'Q4_1', 'Q4_K']);

interface Watched {
  readonly storage: Storage;
  /** Says how many matrices it was, if any. */
  note(weights: string, report: Reporter): void;
}

/** The same storage, and which matrices of 4 bits it was given. */
export function watchRounding(storage: Storage): Watched {
  const names = new Set<string>();
  const found = new Set<string>();
  const load: Storage['load'] = (matrix) => {
    if (FOUR_BITS.has(matrix.dtype)) {
      names.add(matrix.name);
      found.add(matrix.dtype);
    }
    return storeMatrix(storage, matrix);
  };
  return {
    storage: Object.assign((...of: Parameters<Storage>) => storage(...of), storage, { load }),
    note(weights, report) {
      if (names.size === 0) return;
      const types = [...found].sort().join(' and ');
      report.say(
        `note     the file has ${names.size} of its matrices in ${types}, which ${weights} rounds again; --weights as-stored rounds nothing`,
      );
    },
  };
}
