// Every metric against scikit-learn's figures of the same labels (test/make-metrics.py).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type Average,
  accuracy,
  binary,
  classificationReport,
  confusionMatrix,
  f1,
  macro,
  micro,
  precision,
  recall,
  weighted,
} from './index.ts';

interface Case {
  readonly name: string;
  readonly actual: readonly number[];
  readonly predicted: readonly number[];
  readonly classes: number | null;
  readonly accuracy: number;
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly Readonly<Record<'precision' | 'recall' | 'f1' | 'support', number>>[];
  /** null is NaN */
  readonly scores: readonly {
    readonly score: 'precision' | 'recall' | 'f1';
    readonly average: 'binary' | 'macro' | 'micro' | 'weighted';
    readonly zeroDivision: number | null;
    readonly value: number | null;
  }[];
}

const { cases }: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('../test/metrics.json', import.meta.url), 'utf8'),
);
const SCORES = { precision, recall, f1 };
const AVERAGES: Readonly<Record<string, Average>> = { binary: binary(), macro, micro, weighted };

describe.each(cases)('$name', ({ actual, predicted, classes, scores, perClass, ...expected }) => {
  test('accuracy and confusion matrix', () => {
    expect(accuracy(actual, predicted)).toBeCloseTo(expected.accuracy, 12);
    const names = expected.confusion.map((_, i) => `class ${i}`);
    expect(confusionMatrix(actual, predicted, names)).toEqual({ labels: names, counts: expected.confusion });
  });

  test('precision, recall and F1 under every average and zero division', () => {
    expect(scores.length).toBeGreaterThanOrEqual(27);
    for (const { score, average, zeroDivision, value } of scores) {
      const options = { average: AVERAGES[average]!, zeroDivision: zeroDivision ?? Number.NaN };
      const found = SCORES[score](actual, predicted, classes === null ? options : { ...options, classes });
      const what = `${score}, ${average}, ${zeroDivision}`;
      if (value === null) expect(found, what).toBeNaN();
      else expect(found, what).toBeCloseTo(value, 12);
    }
  });

  test('the report, class by class', () => {
    const labels = perClass.map((_, i) => `class ${i}`);
    const report = classificationReport(actual, predicted, { labels });
    expect(report.classes.map(({ label }) => label)).toEqual(labels);
    for (const [i, scores] of perClass.entries()) {
      for (const [name, value] of Object.entries(scores)) {
        expect(report.classes[i]![name as keyof typeof scores], `${name} of ${i}`).toBeCloseTo(value, 12);
      }
    }
    expect(report.accuracy).toBe(accuracy(actual, predicted));
    expect(report.macro.f1).toBe(f1(actual, predicted, { average: macro, classes: labels.length }));
    expect(report.weighted.recall).toBe(recall(actual, predicted, { average: weighted, classes: labels.length }));
    expect(report.support).toBe(actual.length);
  });
});

test('binary takes the class it is told', () => {
  const actual = [0, 0, 0, 1];
  const predicted = [0, 0, 1, 1];
  expect(precision(actual, predicted)).toBe(1 / 2);
  expect(precision(actual, predicted, { average: binary(0) })).toBe(1);
  expect(recall([2, 5, 5], [2, 2, 5], { average: binary(5) })).toBe(1 / 2);
});

test('typed arrays are labels too', () => {
  expect(accuracy(Int32Array.of(0, 1, 2), Uint8Array.of(0, 1, 1))).toBeCloseTo(2 / 3, 12);
});

describe('refuses', () => {
  const metrics = { accuracy, precision, recall, f1, confusionMatrix, classificationReport };

  test.each(Object.entries(metrics))('%s: nothing, unequal lengths, labels that are no class', (_, metric) => {
    expect(() => metric([], [])).toThrow('[peftjs/evaluate] there are no labels: give at least one');
    expect(() => metric([0, 1], [0])).toThrow('2 labels and 1 predictions: give one prediction for each label');
    expect(() => metric([0, -1], [0, 0])).toThrow('label 1 is -1: a class is a whole number, 0 or more');
    expect(() => metric([0, 0], [0, 0.5])).toThrow('prediction 1 is 0.5: a class is a whole number, 0 or more');
    expect(() => metric([Number.NaN], [0])).toThrow('label 0 is NaN');
  });

  test('labels beyond the classes that there are', () => {
    expect(() => f1([0, 2], [0, 1], { classes: 2 })).toThrow('label 1 is 2: a class is a whole number, 0 to 1');
    expect(() => confusionMatrix([0, 1], [0, 2], ['ham', 'spam'])).toThrow('prediction 1 is 2');
    expect(() => classificationReport([0, 1], [0, 2], { labels: ['ham', 'spam'] })).toThrow('prediction 1 is 2');
    expect(() => recall([0], [0], { classes: 0 })).toThrow('there are 0 classes: give a whole number, 1 or more');
  });

  test('an average over two classes where there are others', () => {
    expect(() => f1([0, 1, 2], [0, 1, 2])).toThrow(
      'there are 3 classes, and the average is over two: give `macro`, `micro` or `weighted`',
    );
    expect(() => f1([0, 2], [0, 2])).toThrow('the positive class is 1, and the classes are 0 and 2');
  });
});
