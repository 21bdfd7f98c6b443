// The model and the batch of a golden case, whatever its task.
import type { Folder } from '@peftjs/checkpoint';
import type { Context, Host } from '@peftjs/core';
import {
  bertClassifier,
  bertEncoder,
  bertTokenClassifier,
  gpt2Classifier,
  type ImageBatch,
  llamaClassifier,
  loadModel,
  type TokenInput,
  vitClassifier,
} from '@peftjs/models';
import type { SafetensorsFile } from '@peftjs/safetensors';
import type { Learner } from '@peftjs/train';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A model with the case's batch. */
export interface GoldenModel {
  readonly host: Host;
  /** Logits; of an encoder, embeddings. */
  output(ctx: Context): Tensor;
  /** Null where there is nothing to learn. */
  readonly learner: Learner<unknown> | null;
  readonly batch: unknown;
  dispose(): void;
}

type Labeled = { readonly labels?: Int32Array };
type TokenRows = TokenInput & Labeled;

async function tokensOf(expect: SafetensorsFile): Promise<TokenRows> {
  const optional = (name: string) => (expect.tensors.has(name) ? expect.readInt32(name) : undefined);
  const [labels, tasks] = [await optional('labels'), await optional('task_ids')];
  return {
    inputIds: await expect.readInt32('input_ids'),
    attentionMask: await expect.readInt32('attention_mask'),
    shape: expect.tensors.get('input_ids')?.shape as readonly [number, number],
    ...(labels && { labels }),
    ...(tasks && { tasks }),
  };
}

/** torch has an image's channels in front, [b, c, h, w]. */
async function imagesOf(expect: SafetensorsFile): Promise<ImageBatch & Labeled> {
  const planes = await expect.readFloat32('pixel_values');
  const [b, c, h, w] = expect.tensors.get('pixel_values')!.shape as [number, number, number, number];
  const pixels = planes.map((_, k) => {
    const [channel, pixel] = [k % c, Math.floor(k / c)];
    const [image, place] = [Math.floor(pixel / (h * w)), pixel % (h * w)];
    return planes[(image * c + channel) * h * w + place] as number;
  });
  return { pixels, shape: [b, h, w, c], labels: await expect.readInt32('labels') };
}

/** A model that scores a batch. */
interface Scorer<B> extends Learner<B> {
  logits(batch: B, ctx: Context): Tensor;
  dispose(): void;
}

function scoring<B>(model: Scorer<B>, batch: B): GoldenModel {
  const output = (ctx: Context) => model.logits(batch, ctx);
  return { host: model, output, learner: model, batch, dispose: () => model.dispose() };
}

/** What opens a model of each task, given its folder and what is expected. */
const OPENERS: Readonly<Record<string, (folder: Folder, expect: SafetensorsFile) => Promise<GoldenModel>>> = {
  CAUSAL_LM: async (folder, expect) => scoring(await loadModel(folder), await tokensOf(expect)),
  SEQ_CLS: async (folder, expect) => {
    const architectures = [llamaClassifier(), gpt2Classifier(), bertClassifier()];
    return scoring(await loadModel(folder, { architectures }), await tokensOf(expect));
  },
  TOKEN_CLS: async (folder, expect) => {
    const architectures = [bertTokenClassifier()];
    return scoring(await loadModel(folder, { architectures }), await tokensOf(expect));
  },
  IMAGE_CLS: async (folder, expect) => {
    const architectures = [vitClassifier()];
    return scoring(await loadModel(folder, { architectures }), await imagesOf(expect));
  },
  FEATURE_EXTRACTION: async (folder, expect) => {
    const model = await loadModel(folder, { architectures: [bertEncoder()] });
    const batch = await tokensOf(expect);
    const output = (ctx: Context) => model.embed(batch, ctx);
    return { host: model, output, learner: null, batch, dispose: () => model.dispose() };
  },
};

/** @throws for a task that is not known */
export function openGoldenModel(task: string, folder: Folder, expect: SafetensorsFile): Promise<GoldenModel> {
  const open = OPENERS[task];
  if (open !== undefined) return open(folder, expect);
  throw new Error(`[peftjs/testing] ${folder.location} is for "${task}"; known are ${Object.keys(OPENERS).join(', ')}`);
}
