/** A text and the class that it belongs to. */
export interface LabeledExample {
  readonly kind: 'labeled';
  readonly text: string;
  /** The class's name, or its number from 0. */
  readonly label: string | number;
  /** Where it was read, as `train.jsonl:17`. It is shown in errors and is no part of the example's content. */
  readonly origin?: string;
}
