// What adapters ask of the data: positions of the context that they take, and the task of each text.

import { integer, type Option } from '../option.ts';
import type { LoadedAdapter } from '../options/adapters-option.ts';
import { UsageError } from '../usage-error.ts';

export interface DataNeeds {
  /** Positions of the context that virtual tokens take. */
  readonly reserved: number;
  /** How many tasks are told apart; 0 where none are. */
  readonly tasks: number;
}

export const taskOption: Option<number | undefined> = integer(
  'N',
  'the number of the task, from 0, for adapters that tell tasks apart',
  { min: 0 },
);

export function needsOf(adapters: readonly LoadedAdapter[]): DataNeeds {
  const values = (key: string) => adapters.map(({ record }) => Number(record.config[key] ?? 0));
  const tasks = values('num_tasks').filter((n) => n > 0);
  const reserved = values('num_virtual_tokens').reduce((a, b) => a + b, 0);
  return { reserved, tasks: tasks.length === 0 ? 0 : Math.min(...tasks) };
}

/** @throws UsageError where a task is given that there is none of */
export function checkTask(task: number | undefined, { tasks }: DataNeeds): void {
  if (task === undefined || task < tasks) return;
  throw new UsageError(
    tasks === 0
      ? `--task ${task} is for adapters that tell tasks apart, and none given does; leave it out`
      : `--task is ${task}; the tasks are 0 to ${tasks - 1}`,
  );
}
