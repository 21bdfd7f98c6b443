// Models that take rows of tokens of any length, with room for prompts, and batches of such rows.
import type { Context } from '@peftjs/core';
import { bertClassifier, type CausalLM, gpt2, llama, type Model, type TokenInput } from '@peftjs/models';
import type { Tensor } from '@tensorflow/tfjs-core';
import { make } from '../../models/test/tiny-models.ts';

const CONTEXT = 48;
const CLASSES = 3;

export interface RowBatch extends TokenInput {
  /** [b, t], or [b] for a classifier. */
  readonly labels: Int32Array;
}

export interface RowModel extends Model {
  logits(batch: RowBatch, ctx?: Context): Tensor;
  loss(batch: RowBatch, ctx?: Context): Tensor;
}

export const ROW_MODELS = {
  llama: (): Promise<CausalLM> =>
    make(llama, { max_position_embeddings: CONTEXT, attention_bias: true, mlp_bias: true }),
  'llama, tied': (): Promise<CausalLM> => make(llama, { max_position_embeddings: CONTEXT, tie_word_embeddings: true }),
  gpt2: (): Promise<CausalLM> => make(gpt2, { n_positions: CONTEXT }),
  bert: (): Promise<RowModel> => make(bertClassifier({ labels: CLASSES }), { max_position_embeddings: CONTEXT }),
} as const satisfies Readonly<Record<string, () => Promise<RowModel>>>;

export interface RowOptions {
  readonly pad?: 'left' | 'right';
  /** The task of each row; 0, 1, 2, 0, … when left out. */
  readonly tasks?: readonly number[];
}

/** Rows side by side, the shorter ones padded. Labels are the tokens themselves, or each row's class. */
export function batchFor(
  model: Model,
  rows: readonly (readonly number[])[],
  { pad = 'right', tasks = rows.map((_, i) => i % 3) }: RowOptions = {},
): RowBatch {
  const t = Math.max(...rows.map((row) => row.length));
  const cells = rows.flatMap((row) => {
    const padding = Array.from({ length: t - row.length }, () => null);
    return pad === 'left' ? [...padding, ...row] : [...row, ...padding];
  });
  const ofClasses = model.task === 'SEQ_CLS';
  return {
    inputIds: Int32Array.from(cells, (id) => id ?? 0),
    attentionMask: Int32Array.from(cells, (id) => (id === null ? 0 : 1)),
    labels: ofClasses
      ? Int32Array.from(rows, (row) => (row[0] as number) % CLASSES)
      : Int32Array.from(cells, (id) => id ?? -100),
    tasks: Int32Array.from(tasks),
    shape: [rows.length, t],
  };
}

/** A batch's outputs, read and freed. */
export interface Outputs {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

export function outputsOf(model: RowModel, batch: RowBatch, ctx?: Context): Outputs {
  const out = model.logits(batch, ctx);
  const found = { values: out.dataSync().slice() as Float32Array, shape: out.shape };
  out.dispose();
  return found;
}

/**
 * The outputs of a row up to its last token, all of them: the virtual positions in front, too.
 *
 * @param after positions of padding after its last token
 */
export function rowOutputs({ values, shape }: Outputs, row: number, after: number): Float32Array {
  const size = values.length / (shape[0] as number);
  const padding = shape.length === 3 ? after * (shape[2] as number) : 0;
  return values.slice(row * size, (row + 1) * size - padding);
}
