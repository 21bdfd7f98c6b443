// Multitask prompt tuning (Wang et al., arXiv 2303.02861): [P ∘ (Uₖ Vₖ); E(ids)] for a row of task k, where P [T, d] is
// common to all tasks, and Uₖ [T, r] and Vₖ [r, d] are the task's own.
import type { Context, Method } from '@peftjs/core';
import { concat, matMul, mul, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { gaussian, type PromptInit, random } from './initializers.ts';
import { makePrompt } from './make-prompt.ts';
import { tokenTable } from './model-shape.ts';
import { checkSizes } from './prompt-encoder.ts';

export interface MultitaskPromptTuningOptions {
  /** T, how many virtual tokens there are. */
  readonly tokens: number;
  readonly tasks: number;
  /** r; 1 when left out. */
  readonly ranks?: number;
  /** How P starts; `random` when left out. */
  readonly init?: PromptInit;
}

/** The task of each row. */
function tasksOf({ tokens }: Context, tasks: number): readonly number[] {
  const given = tokens?.tasks;
  if (given === undefined) {
    throw new Error('[peftjs/prefix-tuning] the batch has no tasks; give "tasks", the number of each row\'s task');
  }
  const rows = tokens?.shape[0] as number;
  if (given.length !== rows) {
    throw new Error(`[peftjs/prefix-tuning] the batch has ${given.length} tasks for ${rows} rows; give one a row`);
  }
  const wrong = given.find((k) => !(k >= 0 && k < tasks));
  if (wrong !== undefined)
    throw new Error(`[peftjs/prefix-tuning] a row is of task ${wrong}; there are tasks 0 to ${tasks - 1}`);
  return [...given];
}

/**
 * Multitask prompt tuning. Batches have `tasks`, the number of each row's task.
 *
 * @throws when an option is no whole number above 0
 * @example
 * attach(model, multitaskPromptTuning({ tokens: 16, tasks: 3, ranks: 2 }));
 */
export function multitaskPromptTuning(options: MultitaskPromptTuningOptions): Method {
  const { tokens, tasks, ranks = 1, init = random } = options;
  checkSizes({ tasks, ranks });
  return makePrompt({
    type: 'MULTITASK_PROMPT_TUNING',
    tokens,
    specs(dim, model) {
      const fill = (shape: readonly number[], next: () => number) => init.fill(shape, next, tokenTable(model));
      return {
        prompt: { file: 'prompt_embeddings', shape: [tokens, dim], init: fill },
        u: { file: 'prefix_task_cols', shape: [tasks, tokens, ranks], init: gaussian(0.02) },
        v: { file: 'prefix_task_rows', shape: [tasks, ranks, dim], init: gaussian(0.02) },
      };
    },
    embed({ prompt, u, v }, { ctx }) {
      const rows = tasksOf(ctx, tasks);
      const own = (x: Tensor, k: number) => {
        const [, n, m] = x.shape as [number, number, number];
        return reshape(slice(x, [k, 0, 0], [1, n, m]), [n, m]);
      };
      const scaled = new Map<number, Tensor>();
      for (const k of new Set(rows)) {
        const task = mul(prompt as Tensor, matMul(own(u as Tensor, k), own(v as Tensor, k))); // [T, d]
        scaled.set(k, reshape(task, [1, ...task.shape]));
      }
      return concat(
        rows.map((k) => scaled.get(k) as Tensor),
        0,
      );
    },
    config: () => ({
      ...init.config,
      num_tasks: tasks,
      num_ranks: ranks,
      prompt_tuning_init_state_dict_path: null,
      prompt_tuning_init_task: 0,
    }),
  });
}
