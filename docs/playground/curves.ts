// The runs as curves: columns over the steps, for the chart. No drawing here.
import { type Point, type RunRecord, smooth } from './run-record.ts';

export interface Curves {
  /** Steps, from 0 to the furthest of any run. */
  readonly steps: readonly number[];
  readonly columns: readonly Column[];
}

export interface Column {
  readonly kind: 'training' | 'held out';
  /** Place of the run among all runs, by which it has its color. */
  readonly run: number;
  readonly current: boolean;
  readonly values: readonly (number | null)[];
}

/** How many colors there are; the next run takes the first again. */
export const COLORS = 6;

export function curvesOf(runs: readonly RunRecord[], current: string | null): Curves {
  const furthest = Math.max(0, ...runs.map(({ step }) => step));
  const steps = Array.from({ length: furthest + 1 }, (_, step) => step);
  const valuesOf = (points: readonly Point[]): (number | null)[] => {
    const values: (number | null)[] = steps.map(() => null);
    for (const [step, value] of points) if (step <= furthest) values[step] = value;
    return values;
  };
  const columns = runs.flatMap((record, run): Column[] => {
    const about = { run, current: record.id === current };
    return [
      { kind: 'training', ...about, values: valuesOf(smooth(record.training)) },
      { kind: 'held out', ...about, values: valuesOf(record.heldOut) },
    ];
  });
  return { steps, columns };
}
