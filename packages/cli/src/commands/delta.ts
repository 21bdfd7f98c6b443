// `peftjs delta`: a fine-tuned model as its difference from the base. What is to be done with it is the word behind.
import { type CommandGroup, commandGroup } from '../command-group.ts';

export const delta: CommandGroup = await commandGroup(
  'delta',
  `Keeps a fine-tuned model as its difference from the base, tensor by tensor, and makes either model of the other.
Nothing is written where the base is another one, or a piece of the delta is damaged.`,
  new URL('./delta/', import.meta.url),
);
