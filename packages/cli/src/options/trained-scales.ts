// Scales of `peftjs quantize` that are trained on the text of --calibrate.
import { type CausalLM, loadModel } from '@peftjs/models';
import type { Run } from '../command.ts';
import { integer, type Option } from '../option.ts';
import { distilling } from '../training/distilling.ts';
import { UsageError } from '../usage-error.ts';
import type { WeightsValues } from './weights-options.ts';

interface TrainedScales {
  readonly 'calibrate-steps': number | undefined;
}

export const trainedScalesOption: { readonly [K in keyof TrainedScales]: Option<TrainedScales[K]> } = {
  'calibrate-steps': integer(
    'N',
    'steps of training after that: the scales, until the model says on the text of --calibrate what it says in full',
    { min: 1 },
  ),
};

/** @throws UsageError where there is no text to train on */
export function checkTrainedScales(values: TrainedScales & Pick<WeightsValues, 'calibrate'>): void {
  if (values['calibrate-steps'] !== undefined && values.calibrate === undefined)
    throw new UsageError('--calibrate-steps trains scales on the text of --calibrate PATH, which is missing');
}

/** Nothing is done where no steps are asked for. @param name of the model in full */
export async function trainScales(
  name: string,
  model: CausalLM,
  { calibrate: path, 'calibrate-steps': steps }: TrainedScales & Pick<WeightsValues, 'calibrate'>,
  run: Run,
): Promise<void> {
  if (path === undefined || steps === undefined) return;
  const { distillScales } = await import('@peftjs/quantization-distill');
  const { asStored } = await import('@peftjs/quantization');
  const original = await loadModel(name, { signal: run.signal, weights: asStored() });
  try {
    await distilling({ model, path, steps, teacher: 'the model in full' }, run, (lessons) =>
      distillScales(model, (batch) => original.logits(batch), lessons.batches, lessons),
    );
  } finally {
    original.dispose();
  }
}
