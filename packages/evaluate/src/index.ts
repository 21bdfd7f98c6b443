export { type Average, binary, type Counts, macro, micro, weighted } from './average.ts';
export {
  type ClassificationReport,
  type ClassScores,
  classificationReport,
  renderReport,
  type Scores,
} from './classification-report.ts';
export { type Classifier, classify, type LabeledBatch, type LabeledBatches, type Predictions } from './classify.ts';
export { type ConfusionMatrix, confusionMatrix, renderConfusionMatrix } from './confusion-matrix.ts';
export { accuracy, f1, type MetricOptions, precision, recall } from './metrics.ts';
