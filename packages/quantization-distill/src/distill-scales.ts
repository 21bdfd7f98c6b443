// The scales of a model in few bits, trained end to end as in PEQA (Kim et al., arXiv 2305.14152), but until the model says what it says
// in full (Hinton et al., arXiv 1503.02531). Its codes stay, and so do its bytes.
import { adaptersOf, type Host, type Replacement, replaceHeld, type Undo } from '@peftjs/core';
import { isScaled, type ScaledWeight } from '@peftjs/quantization';
import { type Batches, distillFactors, type LogitModel, type StepEvent } from '@peftjs/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import { scalesInTraining } from './scales-in-training.ts';

export interface DistillScalesOptions {
  /** 100 when left out. */
  readonly steps?: number;
  /** As a share of a scale; 3e-4 when left out, and from there it falls to 0. */
  readonly learningRate?: number;
  /** Batches of one step; 1 when left out. */
  readonly accumulate?: number;
  readonly onStep?: (event: StepEvent) => void;
  readonly signal?: AbortSignal;
}

export interface DistilledScales {
  /** Weights whose scales were trained, and these. */
  readonly weights: number;
  readonly scales: number;
}

/**
 * Trains the scales of the linear layers that hold codes in groups, and puts weights of the same codes and those scales in their place.
 * A weight that is also a table, as tied embeddings are, stays.
 *
 * @param model in few bits, without adapters
 * @param teach the logits of the same model in full
 * @param batches texts of the kind that it is for; labels do not count
 * @throws with the model as it was: it has adapters, or no layer of codes in groups; a signal that aborts
 * @example
 * await distillScales(model, (batch) => original.logits(batch), batches, { steps: 100 });
 */
export async function distillScales<B>(
  model: LogitModel<B>,
  teach: (batch: B) => Tensor,
  batches: Batches<B>,
  { steps = 100, learningRate = 3e-4, accumulate, onStep, signal }: DistillScalesOptions = {},
): Promise<DistilledScales> {
  const [adapter] = adaptersOf(model);
  if (adapter)
    throw new Error(
      `[peftjs/quantization-distill] "${adapter.name}" is attached; detach it, and train it over the result`,
    );
  const all = scaledWeights(model).map(scalesInTraining);
  if (all.length === 0)
    throw new Error(
      '[peftjs/quantization-distill] no linear layer holds codes in groups; load the model with nf4(), int4() or another such storage',
    );
  const made: Replacement[] = [];
  let undo: Undo = () => undefined;
  try {
    undo = replaceHeld(
      model,
      all.map(({ held, weight }) => ({ held, next: weight })),
      model.base,
    );
    const factors = all.map((one) => one.factors);
    await distillFactors(model, teach, batches, factors, { steps, learningRate, accumulate, onStep, signal });
    for (const { held, factors } of all)
      made.push({ held, next: await held.rescaled(await factors.data<'float32'>()) });
    undo();
    replaceHeld(model, made, model.base);
  } catch (error) {
    undo();
    for (const { next } of made) next.dispose();
    throw error;
  } finally {
    for (const { weight } of all) weight.dispose();
  }
  for (const { held } of all) held.dispose();
  return { weights: all.length, scales: all.reduce((sum, { factors }) => sum + factors.size, 0) };
}

/** Each once. */
function scaledWeights(model: Host): readonly ScaledWeight[] {
  const tables = new Set(model.sites().flatMap((site) => (site.kind === 'embedding' ? [site.weight] : [])));
  const weights = new Set(model.sites().flatMap((site) => (site.kind === 'linear' ? [site.weight] : [])));
  return [...weights].filter((weight): weight is ScaledWeight => isScaled(weight) && !tables.has(weight));
}
