// Accuracy, precision, recall and F1 of predicted classes, as scikit-learn defines them.
import { type Average, binary, type Counts } from './average.ts';
import { checkLabels, countsOf } from './counts.ts';

export interface MetricOptions {
  /** `binary()` when left out: the score of class 1 of two. */
  readonly average?: Average;
  /** How many classes there are, where not all of them may occur. Only those that occur count when left out. */
  readonly classes?: number;
  /** What a score is whose denominator is 0: of a class never predicted, its precision. 0 when left out; NaN leaves it out of means. */
  readonly zeroDivision?: number;
}

/**
 * The share of predictions that are right.
 *
 * @throws where there are no labels, their numbers differ, or one is no whole number from 0
 * @example
 * accuracy([0, 1, 1, 0], [0, 1, 0, 0]); // 0.75
 */
export function accuracy(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  checkLabels(actual, predicted);
  let right = 0;
  for (let i = 0; i < actual.length; i++) if (actual[i] === predicted[i]) right++;
  return right / actual.length;
}

/** TP / (TP + FP): the share of what was called a class that is of it. */
export function precision(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  options: MetricOptions = {},
): number {
  return averaged(precisionOf, actual, predicted, options);
}

/** TP / (TP + FN): the share of a class that was called so. */
export function recall(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: MetricOptions = {}): number {
  return averaged(recallOf, actual, predicted, options);
}

/** 2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall. */
export function f1(actual: ArrayLike<number>, predicted: ArrayLike<number>, options: MetricOptions = {}): number {
  return averaged(f1Of, actual, predicted, options);
}

/** A score of one class. */
export type Score = (counts: Counts, zeroDivision: number) => number;

export const precisionOf: Score = ({ truePositives: tp, falsePositives: fp }, zero) => ratio(tp, tp + fp, zero);

export const recallOf: Score = ({ truePositives: tp, falseNegatives: fn }, zero) => ratio(tp, tp + fn, zero);

export const f1Of: Score = ({ truePositives: tp, falsePositives: fp, falseNegatives: fn }, zero) =>
  ratio(2 * tp, 2 * tp + fp + fn, zero);

function averaged(
  score: Score,
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  { average = binary(), classes, zeroDivision = 0 }: MetricOptions,
): number {
  return average(countsOf(actual, predicted, classes), (counts) => score(counts, zeroDivision));
}

function ratio(part: number, whole: number, zeroDivision: number): number {
  return whole === 0 ? zeroDivision : part / whole;
}
