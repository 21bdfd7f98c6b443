// LoHa on the command line.
import { loha, readLoha } from '@peftjs/lora';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { lycorisOf, lycorisOptions } from '../method-options/lycoris.ts';
import { wholeOf } from '../method-options/targets.ts';

export const method: MethodEntry = methodEntry({
  options: lycorisOptions,
  create: (values) => [loha(lycorisOf(values)), ...wholeOf(values)],
  families: [readLoha()],
});
