// Precision, recall and F1 of each class and their means, as numbers and as plain text.
import { type Average, macro, weighted } from './average.ts';
import { namesOf } from './confusion-matrix.ts';
import { checkLabels, countsOf } from './counts.ts';
import { accuracy, f1Of, precisionOf, recallOf, type Score } from './metrics.ts';

export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface ClassScores extends Scores {
  readonly label: string;
  /** Examples that are of this class. */
  readonly support: number;
}

export interface ClassificationReport {
  readonly classes: readonly ClassScores[];
  readonly accuracy: number;
  /** Each class counts the same. */
  readonly macro: Scores;
  /** Each class counts as often as it occurs. */
  readonly weighted: Scores;
  /** Examples. */
  readonly support: number;
}

/**
 * Everything about a classifier's predictions. `labels` names the classes in the order of their numbers, all of which then
 * count; when left out they are called by their numbers.
 *
 * @throws where there are no labels, their numbers differ, or one is no class
 */
export function classificationReport(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  { labels, zeroDivision = 0 }: { readonly labels?: readonly string[]; readonly zeroDivision?: number } = {},
): ClassificationReport {
  const names = namesOf(checkLabels(actual, predicted, labels?.length), labels);
  const counts = countsOf(actual, predicted, labels?.length);
  const scores = (of: (score: Score) => number): Scores => ({
    precision: of(precisionOf),
    recall: of(recallOf),
    f1: of(f1Of),
  });
  const averaged = (average: Average): Scores =>
    scores((score) => average(counts, (class_) => score(class_, zeroDivision)));
  return {
    classes: counts.map((class_) => ({
      label: names[class_.label]!,
      ...scores((score) => score(class_, zeroDivision)),
      support: class_.truePositives + class_.falseNegatives,
    })),
    accuracy: accuracy(actual, predicted),
    macro: averaged(macro),
    weighted: averaged(weighted),
    support: actual.length,
  };
}

/** A table of text, scores with four decimals. It ends without a line break. */
export function renderReport(report: ClassificationReport): string {
  const fixed = ({ precision, recall, f1 }: Scores): readonly string[] =>
    [precision, recall, f1].map((score) => score.toFixed(4));
  const rows: readonly (readonly string[])[] = [
    ['', 'precision', 'recall', 'f1', 'support'],
    ...report.classes.map((class_) => [class_.label, ...fixed(class_), String(class_.support)]),
    ['accuracy', '', '', report.accuracy.toFixed(4), String(report.support)],
    ['macro mean', ...fixed(report.macro), String(report.support)],
    ['weighted mean', ...fixed(report.weighted), String(report.support)],
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!))).join('  '))
    .join('\n');
}
