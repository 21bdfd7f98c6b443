// How the scores of several classes become one number. An average is a value; a new one is a function of this type.

/** One class against all others. */
export interface Counts {
  readonly label: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

/** One number from the counts of the classes and the score of one. */
export type Average = (classes: readonly Counts[], score: (counts: Counts) => number) => number;

/** The score of one class, the positive one, where there are two. */
export function binary(positive = 1): Average {
  return (classes, score) => {
    const labels = classes.map(({ label }) => label);
    if (labels.length > 2) {
      throw new Error(
        `[peftjs/evaluate] there are ${labels.length} classes, and the average is over two: give \`macro\`, \`micro\` or \`weighted\``,
      );
    }
    const found = classes.find(({ label }) => label === positive);
    if (found === undefined && labels.length === 2) {
      throw new Error(
        `[peftjs/evaluate] the positive class is ${positive}, and the classes are ${labels.join(' and ')}`,
      );
    }
    return score(found ?? { label: positive, truePositives: 0, falsePositives: 0, falseNegatives: 0 });
  };
}

/** The mean of the classes' scores, each class counting the same. Scores that are NaN are left out. */
export const macro: Average = (classes, score) => mean(classes.map((c) => [score(c), 1]));

/** The mean of the classes' scores, each class counting as often as it occurs. Scores that are NaN are left out. */
export const weighted: Average = (classes, score) =>
  mean(classes.map((c) => [score(c), c.truePositives + c.falseNegatives]));

/** The score of all classes' counts added up; where each example has one class, this is the accuracy. */
export const micro: Average = (classes, score) =>
  score({
    label: -1,
    truePositives: sum(classes.map((c) => c.truePositives)),
    falsePositives: sum(classes.map((c) => c.falsePositives)),
    falseNegatives: sum(classes.map((c) => c.falseNegatives)),
  });

function mean(scores: readonly (readonly [score: number, weight: number])[]): number {
  const counted = scores.filter(([score]) => !Number.isNaN(score));
  return sum(counted.map(([score, weight]) => score * weight)) / sum(counted.map(([, weight]) => weight));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
