// Multitask prompt tuning on the command line: the data says in a field `task` of which task each text is.
import { multitaskPromptTuning, readMultitaskPromptTuning } from '@peftjs/prefix-tuning';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { checkPromptInit, promptInitOf, promptInitOptions } from '../method-options/prompt-init.ts';
import { reserved, virtualTokens } from '../method-options/virtual-tokens.ts';
import { integer, orElse } from '../option.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  tasks: integer('N', 'how many tasks a prompt is for; the data has the number of each, from 0, as "task"', { min: 1 }),
  'task-rank': orElse(integer('R', "rank of a task's share of the prompt", { min: 1 }), 1),
  'virtual-tokens': virtualTokens,
  ...promptInitOptions,
};

export const method: MethodEntry = methodEntry({
  options,
  check(values) {
    checkPromptInit(values);
    if (values.tasks !== undefined) return;
    throw new UsageError('--tasks N is missing: --method multitask-prompt learns a prompt for that many tasks');
  },
  create: (values, { model }) => [
    multitaskPromptTuning({
      tokens: values['virtual-tokens'],
      tasks: values.tasks ?? 1,
      ranks: values['task-rank'],
      init: promptInitOf(values, model),
    }),
  ],
  reserved,
  tasks: (values) => values.tasks ?? 1,
  families: [readMultitaskPromptTuning()],
});
