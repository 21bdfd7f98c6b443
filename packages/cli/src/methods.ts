// The methods of `--method`. A package of methods adds its entry here.
import type { Family } from '@peftjs/core';
import type { MethodEntry } from './method-entry.ts';
import { loraEntry } from './methods/lora.ts';
import { pTuningEntry } from './methods/p-tuning.ts';
import { prefixEntry } from './methods/prefix.ts';
import { promptEntry } from './methods/prompt.ts';
import { choice, type Option, type OptionTable, orElse } from './option.ts';

const entries: readonly MethodEntry[] = [loraEntry, prefixEntry, promptEntry, pTuningEntry];

/** What reads every adapter that a method here can write. */
export const families: readonly Family[] = entries.flatMap((entry) => entry.families);

export const methodOption: Option<string> = orElse(
  choice(
    entries.map(({ name }) => name),
    'what is trained beside the frozen model',
  ),
  'lora',
);

/** The options of every method. */
export const methodOptions: OptionTable = Object.assign({}, ...entries.map(({ options }) => options));

export function methodNamed(name: string): MethodEntry {
  return entries.find((entry) => entry.name === name) as MethodEntry;
}
