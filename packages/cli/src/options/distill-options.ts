// Scales of `peftjs delta diff --codec sign` that are trained on a text, as in BitDelta.
import type { CodecChoice } from '@peftjs/delta';
import type { Run } from '../command.ts';
import { openFolder } from '../folders/open-folder.ts';
import { integer, type Option, text } from '../option.ts';
import { distilling } from '../training/distilling.ts';
import { UsageError } from '../usage-error.ts';
import { type BackendValues, startBackend } from './backend-options.ts';
import type { CodecValues } from './delta-codec-options.ts';
import { openModel } from './model-options.ts';

interface DistillValues {
  readonly distill: string | undefined;
  readonly 'distill-steps': number | undefined;
}

export const distillOptions: { readonly [K in keyof DistillValues]: Option<DistillValues[K]> } = {
  distill: text(
    'PATH',
    'a text like what the model is for: the scales of --codec sign are trained until the model says on it what the fine-tuned one says',
  ),
  'distill-steps': integer('N', 'steps of that training, 100 when left out', { min: 1 }),
};

/** @throws UsageError where the signs that are to be trained are not asked for, or not alone */
export function checkDistill(values: DistillValues & CodecValues): void {
  const { distill, 'distill-steps': steps, codec, budget, energy, 'codec-for': rules } = values;
  if (distill === undefined && steps !== undefined)
    throw new UsageError('--distill-steps is for --distill PATH, which is missing');
  if (distill === undefined) return;
  if (codec !== 'sign') throw new UsageError('--distill trains the scales of --codec sign; add it');
  if (budget !== undefined || energy !== undefined || rules !== undefined)
    throw new UsageError('--distill trains the scales of all matrices; leave out --codec-for, --budget and --energy');
}

/** Null where nothing is to be trained. */
export async function distilledCodec(
  values: DistillValues & BackendValues & { readonly base: string; readonly tuned: string },
  run: Run,
): Promise<CodecChoice | null> {
  const { distill: path, 'distill-steps': steps = 100, base, tuned } = values;
  if (path === undefined) return null;
  const { distillSigns } = await import('@peftjs/delta-distill');
  await startBackend(values, run.report);
  const model = await openModel(tuned, run);
  try {
    const from = await openFolder(base, run);
    const { codec } = await distilling({ model, path, steps, teacher: 'the fine-tuned model' }, run, (lessons) =>
      distillSigns(model, from, lessons.batches, lessons),
    );
    return codec;
  } finally {
    model.dispose();
  }
}
