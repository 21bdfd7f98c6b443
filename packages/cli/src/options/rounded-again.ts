// A file's own 4 bits that are rounded to other ones: what that loses, holding them as they are does not.
import { type Storage, storeMatrix } from '@peftjs/core';
import type { Reporter } from '../reporter.ts';

const FOUR_BITS: ReadonlySet<string> = new Set(['Q4_0', 'Q4_1', 'Q4_K']);

interface Rounding {
  /** The same storage, of which it is known which matrices of 4 bits it was given. */
  watched(storage: Storage): Storage;
  /** Says how many matrices it was, if any. */
  note(weights: string, report: Reporter): void;
}

export function watchRounding(): Rounding {
  const names = new Set<string>();
  const types = new Set<string>();
  return {
    watched(storage) {
      const load: Storage['load'] = (matrix) => {
        if (FOUR_BITS.has(matrix.dtype)) {
          names.add(matrix.name);
          types.add(matrix.dtype);
        }
        return storeMatrix(storage, matrix);
      };
      return Object.assign((...of: Parameters<Storage>) => storage(...of), storage, { load });
    },
    note(weights, report) {
      if (names.size === 0) return;
      const found = [...types].sort().join(' and ');
      report.say(
        `note     the file has ${names.size} of its matrices in ${found}, which ${weights} rounds again; --weights as-stored rounds nothing`,
      );
    },
  };
}
