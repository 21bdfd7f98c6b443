// Training a model on a text until it says there what another one says.
import type { Batch, Batches } from '@peftjs/data';
import type { CausalLM } from '@peftjs/models';
import type { Run } from '../command.ts';
import { BATCH_TOKENS, textBatches } from './text-batches.ts';

interface Lessons {
  readonly batches: Batches<Batch>;
  readonly steps: number;
  readonly signal: AbortSignal;
  readonly onStep: (event: { readonly step: number; readonly loss: number }) => void;
}

/**
 * Shows a bar meanwhile, and says how near it came.
 *
 * @param path of the text, of which no more is read than so many steps take
 * @param teacher what the other one is called
 */
export async function distilling<T>(
  { model, path, steps, teacher }: Readonly<Record<'path' | 'teacher', string>> & { model: CausalLM; steps: number },
  { report, signal }: Run,
  train: (lessons: Lessons) => Promise<T>,
): Promise<T> {
  const bar = await report.progress(steps, 'steps');
  const losses: number[] = [];
  try {
    const { batches } = await textBatches(model, path, { most: steps * BATCH_TOKENS, shuffle: true });
    const onStep: Lessons['onStep'] = ({ step, loss }) => {
      losses.push(loss);
      bar.update(step, `loss ${loss.toFixed(4)}`);
    };
    const made = await train({ batches, steps, signal, onStep });
    const [first, last] = [losses.at(0) ?? 0, losses.at(-1) ?? 0].map((loss) => loss.toPrecision(3));
    report.say(`trained  the scales: ${last} nats a token from what ${teacher} says, ${first} at first`);
    return made;
  } finally {
    bar.stop();
  }
}
