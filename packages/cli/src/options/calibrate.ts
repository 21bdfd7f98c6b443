// What enters the layers of a model on a text, measured before it is loaded in codes that are fitted to it.
import type { Folder } from '@peftjs/checkpoint';
import { type CausalLM, type LoadOptions, loadModel } from '@peftjs/models';
import type { Importance } from '@peftjs/quantization';
import { meanLoss } from '@peftjs/train';
import { count, counted } from '../figures.ts';
import type { Reporter } from '../reporter.ts';
import { BATCH_TOKENS, textBatches } from '../training/text-batches.ts';
import type { WeightsValues } from './weights-options.ts';

/** Of squares more change little. */
const TOKENS = 8 * BATCH_TOKENS;
/** For each input of the widest layer: with fewer, products say what is so on these alone. */
const TOKENS_AN_INPUT = 10;

/** A model as its file has it, and what enters its layers. */
export interface Original {
  readonly model: CausalLM;
  readonly importance: Importance;
}

/**
 * @param what is fitted, in a word
 * @returns a model that the caller disposes of
 */
export async function openOriginal(
  source: string | Folder,
  { calibrate: path, 'calibrate-by': by }: Pick<WeightsValues, 'calibrate-by'> & { readonly calibrate: string },
  what: string,
  report: Reporter,
  options: LoadOptions<CausalLM>,
): Promise<Original> {
  const { asStored, measureImportance } = await import('@peftjs/quantization');
  const model = await loadModel(source, { ...options, weights: asStored() });
  try {
    const products = by === 'products';
    const most = products ? TOKENS_AN_INPUT * widestInput(model) : TOKENS;
    const { batches, tokens } = await textBatches(model, path, { most, shuffle: false });
    const importance = await measureImportance(model, () => meanLoss(model, batches, options.signal), { products });
    const short = products && tokens < most ? `; products of inputs want ${count(most)}` : '';
    report.say(`${what.padEnd(9)}to ${counted(tokens, 'token')} of ${path}${short}`);
    return { model, importance };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Undefined where nothing is to be fitted. */
export async function measuredOn(
  source: string | Folder,
  { calibrate, ...by }: Pick<WeightsValues, 'calibrate' | 'calibrate-by'>,
  report: Reporter,
  options: LoadOptions<CausalLM>,
): Promise<Importance | undefined> {
  if (calibrate === undefined) return undefined;
  const { model, importance } = await openOriginal(source, { calibrate, ...by }, 'fitted', report, options);
  model.dispose();
  return importance;
}

function widestInput(model: CausalLM): number {
  return model.sites().reduce((most, site) => (site.kind === 'linear' ? Math.max(most, site.inDim) : most), 0);
}
