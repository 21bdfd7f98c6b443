// What a golden case computes beyond the output: the loss, its gradients, and three steps of AdamW.
import { engine, valueAndGrads } from '@peftjs/backend';
import { type Adapter, penalty } from '@peftjs/core';
import type { SafetensorsFile } from '@peftjs/safetensors';
import { type AfterStep, adamw, constant, type Learner, meanLoss, train } from '@peftjs/train';
import { add, mul, type Tensor } from '@tensorflow/tfjs-core';
import type { GoldenModel } from './golden-model.ts';

function learnerOf({ learner }: GoldenModel): Learner<unknown> {
  if (learner !== null) return learner;
  throw new Error('[peftjs/testing] this case has an adapter and no loss; give it a task that has one');
}

/** Mean loss, with what the adapters add to it. */
export async function lossOf(model: GoldenModel): Promise<number> {
  const mean = await meanLoss(learnerOf(model), { size: 1, get: () => model.batch });
  const more = engine().tidy(() => penalty(model.host));
  const value = more === null ? 0 : ((await more.data())[0] as number);
  more?.dispose();
  return mean + value;
}

/** A parameter's name without what PEFT adds to it in memory. */
function bare(name: string): string {
  return name
    .replace('.default', '')
    .replace('.modules_to_save', '')
    .replace(/\.weight$/, '')
    .replace(/^prompt_encoder\.(embedding$)?/, (_, table) => (table ? 'prompt_embeddings' : ''));
}

/** Ours and theirs, by their name, of every parameter that is trained. */
export async function gradientsOf(
  model: GoldenModel,
  adapter: Adapter,
  expect: SafetensorsFile,
): Promise<readonly (readonly [name: string, values: readonly [Float32Array, Float32Array]])[]> {
  const learner = learnerOf(model);
  const trained = adapter.parameters.filter((p) => p.trainable);
  const { targets } = learner.count(model.batch);
  const loss = (): Tensor => {
    const sum = learner.loss(model.batch, { training: true, seed: 0 });
    const more = penalty(model.host, adapter);
    return mul(more === null ? sum : add(sum, mul(more, targets)), 1 / targets);
  };
  const pass = valueAndGrads(
    loss,
    trained.map((p) => p.variable),
  );
  pass.value.dispose();
  const ours = new Map<string, Float32Array>();
  for (const [i, { key, variable }] of trained.entries()) {
    const g = pass.grads[i];
    ours.set(bare(key), g ? ((await g.data()) as Float32Array) : new Float32Array(variable.size));
    g?.dispose();
  }
  const out: (readonly [string, readonly [Float32Array, Float32Array]])[] = [];
  for (const name of expect.tensors.keys()) {
    if (!name.startsWith('grad.')) continue;
    out.push([name, [ours.get(bare(name.slice(5))) ?? new Float32Array(0), await expect.readFloat32(name)]]);
  }
  if (out.length !== ours.size)
    throw new Error(`[peftjs/testing] we train ${ours.size} tensors where PEFT trained ${out.length}`);
  return out;
}

/** Losses before each of three AdamW steps and after the last. */
export async function threeSteps(
  model: GoldenModel,
  adapter: Adapter,
  after: readonly AfterStep[],
): Promise<readonly number[]> {
  const batches = { size: 1, get: () => model.batch };
  const losses: number[] = [];
  const options = {
    trainable: adapter,
    learningRate: 1e-2,
    steps: 3,
    optimizer: adamw(),
    schedule: constant,
    clip: Number.POSITIVE_INFINITY,
    after,
  };
  for await (const event of train(learnerOf(model), batches, options))
    if (event.type === 'step') losses.push(event.loss);
  losses.push(await lossOf(model));
  return losses;
}
