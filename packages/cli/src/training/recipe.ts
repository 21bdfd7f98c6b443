// What decides the numbers of a run, and the story of it that goes into the adapter's folder.
import { digest, type Json, type Story } from '@peftjs/checkpoint';
import { type CausalLM, openModelFolder } from '@peftjs/models';
import { version_core } from '@tensorflow/tfjs-core';
import { rememberBase } from '../folders/known-bases.ts';
import type { StartedBackend } from '../options/backend-options.ts';
import { type StoryValues, storyOf } from '../options/story-options.ts';
import type { WeightsValues } from '../options/weights-options.ts';
import { weightsRecord } from '../options/weights-record.ts';
import { version } from '../version.ts';
import type { TrainingData } from './training-data.ts';

export type Recipe = Readonly<Record<string, Json>>;

/** Options that change where a run happens and what is shown of it, but not its numbers. */
const OUTWARD: ReadonlySet<string> = new Set([
  ...['backend', 'threads', 'resume', 'restart', 'out', 'dtype', 'metrics', 'data'],
  ...['sample', 'max-new-tokens', 'temperature', 'top-k', 'top-p', 'log-every', 'save-every', 'recompute'],
  ...['license', 'author'],
  ...['config', 'json', 'debug', 'help'],
]);

/** @param values the options of `train` */
export async function recipeOf(
  values: Readonly<Record<string, unknown>> & WeightsValues,
  model: CausalLM,
  data: TrainingData,
): Promise<Recipe> {
  const fingerprint = await model.base.fingerprint();
  await rememberBase({ name: model.base.name, fingerprint });
  const inward = Object.entries(values).filter(([name, value]) => !OUTWARD.has(name) && value !== undefined);
  return {
    ...(Object.fromEntries(inward) as Recipe),
    ...(await weightsRecord(values)),
    base: fingerprint,
    data: data.digest,
    'held-out': data.valid?.length ?? 0,
  };
}

/** What a run has come to. */
export interface RunEnd {
  readonly model: CausalLM;
  readonly recipe: Recipe;
  readonly backend: StartedBackend;
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** What is known of a run besides its base. */
export async function runStory({ model, recipe, backend, metrics }: RunEnd, values: StoryValues): Promise<Story> {
  const tokenizer = await (await openModelFolder(model.base.name)).open('tokenizer.json');
  const { data, base: _, ...options } = recipe;
  const known = Object.entries(metrics).filter((pair): pair is [string, number] => pair[1] !== null);
  return {
    ...(tokenizer === null ? {} : { tokenizer: await digest(await tokenizer.read(0, tokenizer.size)) }),
    data: String(data),
    recipe: options,
    ...(typeof options.seed === 'number' ? { seeds: { run: options.seed } } : {}),
    versions: { peftjs: version(), '@tensorflow/tfjs-core': version_core, node: process.versions.node },
    backend: backend.name,
    device: backend.device,
    metrics: Object.fromEntries(known),
    ...storyOf(values),
  };
}
