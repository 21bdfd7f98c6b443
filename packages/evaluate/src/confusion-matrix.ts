// The confusion matrix: how often each class was taken for each, as numbers and as plain text.
import { checkLabels } from './counts.ts';

export interface ConfusionMatrix {
  readonly labels: readonly string[];
  /** [actual][predicted] */
  readonly counts: readonly (readonly number[])[];
}

/**
 * Counts what each class was taken for. `labels` names the classes in the order of their numbers; when left out they are
 * called by their numbers, up to the greatest that occurs.
 *
 * @throws where there are no labels, their numbers differ, or one is no class
 */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  labels?: readonly string[],
): ConfusionMatrix {
  const names = namesOf(checkLabels(actual, predicted, labels?.length), labels);
  const counts = names.map(() => names.map(() => 0));
  for (let i = 0; i < actual.length; i++) counts[actual[i]!]![predicted[i]!]!++;
  return { labels: names, counts };
}

/** A table of text: a row for each class, a column for each it was taken for. It ends without a line break. */
export function renderConfusionMatrix({ labels, counts }: ConfusionMatrix): string {
  const first = Math.max('actual'.length, ...labels.map((label) => label.length));
  const widths = labels.map((label, i) => Math.max(label.length, ...counts.map((row) => String(row[i]).length)));
  const line = (head: string, cells: readonly (string | number)[]): string =>
    [head.padEnd(first), ...cells.map((cell, i) => String(cell).padStart(widths[i]!))].join('  ').trimEnd();
  return [
    `${' '.repeat(first)}  predicted`,
    line('actual', labels),
    ...labels.map((label, i) => line(label, counts[i]!)),
  ].join('\n');
}

/** The classes' names: those given, or their numbers from 0 to `greatest`. */
export function namesOf(greatest: number, labels?: readonly string[]): readonly string[] {
  return labels ?? Array.from({ length: greatest + 1 }, (_, label) => String(label));
}
