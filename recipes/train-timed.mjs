// @ts-check
// Trains what is attached to a model, says how it goes, and how long it took.
import { train } from '@peftjs/train';

/**
 * @template B
 * @param {import('@peftjs/train').Learner<B>} model
 * @param {import('@peftjs/train').Batches<B>} batches
 * @param {import('@peftjs/train').TrainOptions<B>} options
 * @param {(line: string) => void} say
 * @returns {Promise<number>} seconds
 */
export async function trainTimed(model, batches, options, say) {
  const started = performance.now();
  let sum = 0;
  let steps = 0;
  for await (const event of train(model, batches, options)) {
    if (event.type !== 'step') continue;
    sum += event.loss;
    steps++;
    if (steps < Math.ceil(event.steps / 5) && event.step < event.steps) continue;
    say(`  step ${event.step} of ${event.steps}  loss ${(sum / steps).toFixed(4)}`);
    sum = 0;
    steps = 0;
  }
  return (performance.now() - started) / 1000;
}
