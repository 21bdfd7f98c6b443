import { expect, test } from 'vitest';
import { classificationReport, confusionMatrix, renderConfusionMatrix, renderReport } from './index.ts';

const actual = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1];
const predicted = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
const labels = ['ham', 'spam'];

test('a confusion matrix as text', () => {
  expect(renderConfusionMatrix(confusionMatrix(actual, predicted, labels))).toBe(
    [
      '        predicted', //
      'actual  ham  spam',
      'ham      10     0',
      'spam      1     2',
    ].join('\n'),
  );
});

test('a confusion matrix of classes without names, with counts wider than they are', () => {
  const many = Array.from({ length: 120 }, () => 1);
  expect(renderConfusionMatrix(confusionMatrix(many, many))).toBe(
    [
      '        predicted', //
      'actual  0    1',
      '0       0    0',
      '1       0  120',
    ].join('\n'),
  );
});

test('a report as text', () => {
  expect(renderReport(classificationReport(actual, predicted, { labels }))).toBe(
    [
      '               precision  recall      f1  support',
      'ham               0.9091  1.0000  0.9524       10',
      'spam              1.0000  0.6667  0.8000        3',
      'accuracy                          0.9231       13',
      'macro mean        0.9545  0.8333  0.8762       13',
      'weighted mean     0.9301  0.9231  0.9172       13',
    ].join('\n'),
  );
});
