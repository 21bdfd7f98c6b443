// The model that a command works on, from a folder or the hub, with an adapter or without.
import { loadAdapter, type TrustOptions } from '@peftjs/checkpoint';
import { type Adapter, countParameters, restore, type Storage } from '@peftjs/core';
import { type CausalLM, type HubProgress, loadModel } from '@peftjs/models';
import type { Run } from '../command.ts';
import { bytes, count } from '../figures.ts';
import { checkModel, knownBases } from '../folders/known-bases.ts';
import { openFolder, showDownload } from '../folders/open-folder.ts';
import { weightBytes } from '../folders/weight-bytes.ts';
import { type Option, required, text } from '../option.ts';
import type { Reporter } from '../reporter.ts';
import { measuredOn } from './calibrate.ts';
import { familiesOf } from './qat-options.ts';
import { watchRounding } from './rounded-again.ts';
import { checkWeights, isFourBit, storageOf, type WeightsValues } from './weights-options.ts';
import { noteWeights } from './weights-record.ts';

export const modelOption: Option<string> = required(
  text('MODEL', "a model's folder or GGUF file, or its name on the hub"),
);
export const adapterOption: Option<string | undefined> = text('DIR', "an adapter's folder");

/** One that is read. */
export const oneDelta = (about: string): Option<string | undefined> => ({
  ...text('DIR', about),
  needs: "a delta's folder; peftjs delta chain makes one of several",
});

export const deltaOption: Option<string | undefined> = oneDelta(
  "a delta's folder: the fine-tuned model that it makes of --model runs, without being written",
);

interface OpenOptions {
  /** Makes another storage of the one that is asked for. */
  readonly around?: (storage: Storage) => Storage;
  readonly delta?: string | undefined;
  readonly trust?: TrustOptions;
}

/**
 * Loads a model, showing what is downloaded.
 *
 * @param values how its weights are held; as they are in the model's own storage when left out
 * @param more.delta the folder of one, to load what it makes of the model; `trust`, whose signature it must have
 */
export async function openModel(
  name: string,
  run: Run,
  values: WeightsValues = { weights: 'f32' },
  { around, delta, trust }: OpenOptions = {},
): Promise<CausalLM> {
  checkWeights(values);
  const { report, signal } = run;
  const { weights } = values;
  const onProgress = (event: HubProgress) => showDownload(event, report.say);
  const options = { signal, onProgress };
  const source = delta === undefined ? name : await tuned(name, delta, run, { ...trust, signal });
  const importance = await measuredOn(source, values, report, options);
  const rounding = watchRounding();
  const storage = await storageOf(values, importance, isFourBit(weights) ? rounding.watched : undefined);
  const held = storage && (around?.(storage) ?? storage);
  const model = await loadModel(source, { ...options, ...(held && { weights: held }) });
  const parameters = countParameters(model);
  const size = weightBytes(model);
  const kept = weights === 'f32' ? '' : ` as ${weights}`;
  report.say(
    `model    ${name}${delta === undefined ? '' : ` with ${delta}`}: ${String(model.config.model_type)}, ${count(parameters)} parameters, ${bytes(size)} in memory${kept}`,
  );
  rounding.note(weights, report);
  report.event({ type: 'model', name, parameters, bytes: size, weights, contextLength: model.contextLength });
  return model;
}

/** What a delta makes of a model. */
async function tuned(name: string, delta: string, run: Run, options: TrustOptions & { readonly signal: AbortSignal }) {
  const [{ tunedFolder }, { allCodecs }] = await Promise.all([import('@peftjs/delta'), import('./delta-codecs.ts')]);
  const [base, change] = [await openFolder(name, run), await openFolder(delta, run)];
  return tunedFolder(base, change, { ...options, codecs: allCodecs(), known: await knownBases() });
}

/** Attaches a saved adapter, checked against the model. */
export async function openAdapter(
  model: CausalLM,
  path: string,
  trust: TrustOptions,
  values: WeightsValues,
  report: Reporter,
): Promise<Adapter> {
  const saved = await loadAdapter(path, trust);
  await checkModel(model, saved);
  await noteWeights(path, saved, values, report);
  return restore(model, saved, await familiesOf(saved));
}
