// What enters the layers of a model on a text, measured before it is loaded in codes that are fitted to it.
import type { Folder } from '@peftjs/checkpoint';
import { type CausalLM, type LoadOptions, loadModel } from '@peftjs/models';
import type { Importance } from '@peftjs/quantization';
import { meanLoss } from '@peftjs/train';
import { counted } from '../figures.ts';
import type { Reporter } from '../reporter.ts';
import { BATCH_TOKENS, textBatches } from '../training/text-batches.ts';

/** More change little. */
const TOKENS = 8 * BATCH_TOKENS;

/** Undefined where nothing is to be fitted. */
export async function measuredOn(
  source: string | Folder,
  path: string | undefined,
  report: Reporter,
  options: LoadOptions<CausalLM>,
): Promise<Importance | undefined> {
  if (path === undefined) return undefined;
  const { asStored, measureImportance } = await import('@peftjs/quantization');
  const model = await loadModel(source, { ...options, weights: asStored() });
  try {
    const { batches, tokens } = await textBatches(model, path, { most: TOKENS, shuffle: false });
    const importance = await measureImportance(model, () => meanLoss(model, batches, options.signal));
    report.say(`fitted   to ${counted(tokens, 'token')} of ${path}`);
    return importance;
  } finally {
    model.dispose();
  }
}
