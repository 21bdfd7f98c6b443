// The numbers of a run as JSON Lines, in a file of their own.
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { UsageError } from '../usage-error.ts';

export interface Metrics {
  add(line: { readonly type: string; readonly step: number }): Promise<void>;
}

/** @throws UsageError where the file lies in the folder of the adapter, which holds nothing else */
export function checkMetricsPath(path: string, out: string): void {
  if (!relative(resolve(out), resolve(path)).startsWith('..'))
    throw new UsageError(`--metrics ${path} lies in --out ${out}, which holds nothing else; put it beside it`);
}

/**
 * Opens a file anew, or where a run goes on, after the lines of the steps that it has taken.
 * @param path undefined where nothing is to be written
 */
export async function openMetrics(path: string | undefined, stepsTaken: number): Promise<Metrics> {
  if (path === undefined) return { add: async () => {} };
  const before = stepsTaken === 0 ? '' : await readFile(path, 'utf8').catch(() => '');
  const lines = before.split('\n').filter((line) => line !== '' && stepOf(line) <= stepsTaken);
  await mkdir(dirname(resolve(path)), { recursive: true });
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
  return { add: (line) => appendFile(path, `${JSON.stringify(line)}\n`) };
}

function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { step?: unknown }).step ?? 0);
  } catch {
    return Infinity;
  }
}
