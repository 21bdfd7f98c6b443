// What is wrong with a run, found before it starts.
import type { Batches } from './learner.ts';
import type { TrainOptions } from './train-options.ts';

/** @throws naming the option, what it is, and what it may be */
export function checkOptions<B>(
  batches: Batches<B>,
  { learningRate, accumulate = 1, epochs = 1, steps = 1 }: TrainOptions<B>,
): void {
  if (!(batches.size > 0)) throw new Error('[peftjs/train] the data has no batch; give texts of at least two tokens');
  if (!(learningRate >= 0 && Number.isFinite(learningRate))) {
    throw new Error(`[peftjs/train] learningRate is ${learningRate}; give a number of 0 or more`);
  }
  for (const [name, value] of Object.entries({ accumulate, epochs, steps })) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new Error(`[peftjs/train] ${name} is ${value}; give a whole number above 0`);
    }
  }
}
