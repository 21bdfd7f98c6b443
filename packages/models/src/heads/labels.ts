// The classes of a classifying head: how many, and what they are called.
import { IGNORED } from '@peftjs/backend';
import { type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import type { RawConfig } from '../read-config.ts';

export interface HeadOptions {
  /** The classes, or how many there are; as `config.json` says when left out, and 2 where it says nothing. */
  readonly labels?: number | readonly string[];
  /** Seeds a head that the folder does not have; 0 when left out. */
  readonly seed?: number;
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `LABEL_${i}`);

/** @throws where there are fewer than two, or the configuration is of a regression or of several labels a row */
export function readLabels(raw: RawConfig, { labels }: HeadOptions): readonly string[] {
  if (raw.problem_type != null && raw.problem_type !== 'single_label_classification') {
    throw new Error(
      `[peftjs/models] config.json: "problem_type" is ${JSON.stringify(raw.problem_type)}; only "single_label_classification" is supported`,
    );
  }
  const known = Object.entries((raw.id2label ?? {}) as Record<string, string>)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, name]) => name);
  const count = typeof labels === 'number' ? labels : (labels?.length ?? (known.length || Number(raw.num_labels ?? 2)));
  if (!(Number.isInteger(count) && count > 1)) {
    throw new Error(`[peftjs/models] ${count} labels are none to tell apart; give 2 or more`);
  }
  if (typeof labels === 'object') return labels;
  return known.length === count ? known : numbered(count);
}

/** The configuration of a model that classifies with these labels. */
export function labelConfig(raw: RawConfig, labels: readonly string[], architecture: string): RawConfig {
  return {
    ...raw,
    architectures: [architecture],
    id2label: Object.fromEntries(labels.map((name, i) => [i, name])),
    label2id: Object.fromEntries(labels.map((name, i) => [name, i])),
  };
}

/**
 * @param labels numbers of classes, and -100 where a row does not count
 * @throws where there are none, not one a row, or one is no class
 */
export function labelTensor(labels: Int32Array | undefined, rows: number, classes: number): Tensor {
  if (labels?.length !== rows) {
    throw new Error(
      `[peftjs/models] the batch has ${labels?.length ?? 'no'} labels for ${rows} rows; give one for each`,
    );
  }
  checkLabels(labels, classes);
  return tensor1d(labels, 'int32');
}

/** @throws where one is no class, and not -100 */
export function checkLabels(labels: Int32Array | undefined, classes: number): void {
  const wrong = labels?.find((label) => label !== IGNORED && !(label >= 0 && label < classes));
  if (wrong === undefined) return;
  throw new Error(
    `[peftjs/models] ${wrong} is no label of a model with ${classes}; labels are 0 to ${classes - 1}, and -100 where none counts`,
  );
}
