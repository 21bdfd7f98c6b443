// How often each class was right, missed and given wrongly: what every metric is computed from. Labels are checked here.
import type { Counts } from './average.ts';

/** Counts of the classes 0 to `classes` - 1, or of those that occur, in order. */
export function countsOf(actual: ArrayLike<number>, predicted: ArrayLike<number>, classes?: number): readonly Counts[] {
  const most = checkLabels(actual, predicted, classes);
  const counts = Array.from({ length: classes ?? most + 1 }, (_, label) => ({
    label,
    truePositives: 0,
    falsePositives: 0,
    falseNegatives: 0,
  }));
  for (let i = 0; i < actual.length; i++) {
    const right = counts[actual[i]!]!;
    if (actual[i] === predicted[i]) right.truePositives++;
    else {
      right.falseNegatives++;
      counts[predicted[i]!]!.falsePositives++;
    }
  }
  if (classes !== undefined) return counts;
  return counts.filter((c) => c.truePositives + c.falsePositives + c.falseNegatives > 0);
}

/** The greatest label. Fails where there are none, their numbers differ, or one is no class. */
export function checkLabels(actual: ArrayLike<number>, predicted: ArrayLike<number>, classes?: number): number {
  if (classes !== undefined && (!Number.isInteger(classes) || classes < 1)) {
    throw new Error(`[peftjs/evaluate] there are ${classes} classes: give a whole number, 1 or more`);
  }
  if (actual.length !== predicted.length) {
    throw new Error(
      `[peftjs/evaluate] ${actual.length} labels and ${predicted.length} predictions: give one prediction for each label`,
    );
  }
  if (actual.length === 0) throw new Error('[peftjs/evaluate] there are no labels: give at least one');
  return Math.max(greatest(actual, 'label', classes), greatest(predicted, 'prediction', classes));
}

function greatest(labels: ArrayLike<number>, what: string, classes = Number.POSITIVE_INFINITY): number {
  let most = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!Number.isSafeInteger(label) || label < 0 || label >= classes) {
      const range = Number.isFinite(classes) ? `0 to ${classes - 1}` : '0 or more';
      throw new Error(`[peftjs/evaluate] ${what} ${i} is ${label}: a class is a whole number, ${range}`);
    }
    most = Math.max(most, label);
  }
  return most;
}
