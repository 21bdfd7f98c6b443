// A golden case: what Hugging Face PEFT computed for one base, one adapter and one batch, and how far we are from it.
import { valueAndGrads } from '@peftjs/backend';
import { diskFolder, type Folder, loadAdapter } from '@peftjs/checkpoint';
import { type Adapter, type Family, merge, restore } from '@peftjs/core';
import { type CausalLM, loadModel, type TokenBatch } from '@peftjs/models';
import { openSafetensors, type SafetensorsFile } from '@peftjs/safetensors';
import { adamw, constant, meanLoss, train } from '@peftjs/train';
import { relativeError, TOLERANCES, type ToleranceName } from './tolerances.ts';

/** How far one part of a case is off, and how far it may be. */
export interface GoldenPart {
  readonly part: string;
  readonly error: number;
  readonly tolerance: number;
}

export interface GoldenResult {
  readonly name: string;
  readonly parts: readonly GoldenPart[];
  readonly passed: boolean;
}

/**
 * Runs a case on the active backend.
 *
 * @param path the case's folder
 * @param families what reads its adapter
 * @throws naming the file or tensor of the case that is missing
 */
export async function runGoldenCase(path: string, families: readonly Family[]): Promise<GoldenResult> {
  const folder = diskFolder(path);
  const about = JSON.parse(new TextDecoder().decode(await bytesOf(folder, 'case.json'))) as { name: string };
  const source = await folder.open('expect.safetensors');
  if (source === null) throw new Error(`[peftjs/testing] ${path} has no expect.safetensors; it is no golden case`);
  const expect = await openSafetensors(source);
  const batch = await batchOf(expect);
  const parts: GoldenPart[] = [];
  const compare = (part: string, kind: ToleranceName, actual: ArrayLike<number>, expected: ArrayLike<number>) =>
    parts.push({ part, error: relativeError(actual, expected), tolerance: TOLERANCES[kind] });

  const model = await loadModel(diskFolder(`${path}/base`));
  try {
    compare('logits_base', 'logits', await logits(model, batch), await expect.readFloat32('logits_base'));
    const adapter = await restore(model, await loadAdapter(`${path}/adapter`), families);
    compare('logits', 'logits', await logits(model, batch), await expect.readFloat32('logits'));
    for (const [name, values] of await gradients(model, adapter, batch, expect)) compare(name, 'gradient', ...values);
    const { losses, loss } = await threeSteps(model, adapter, batch);
    compare('loss', 'loss', loss, await expect.readFloat32('loss'));
    compare('losses', 'losses', losses, await expect.readFloat32('losses'));
    const after = await expect.readFloat32('logits_step3');
    compare('logits_step3', 'afterSteps', await logits(model, batch), after);
    const merged = await diskFolder(`${path}/merged`)
      .open('config.json')
      .catch(() => null);
    if (merged !== null) {
      const unmerge = await merge(adapter, { probe: () => model.logits(batch) });
      compare('merged here', 'afterSteps', await logits(model, batch), after);
      const theirs = await loadModel(diskFolder(`${path}/merged`));
      compare('merged there', 'afterSteps', await logits(theirs, batch), after);
      theirs.dispose();
      unmerge();
      compare('unmerged', 'afterSteps', await logits(model, batch), after);
    }
    adapter.detach();
  } finally {
    model.dispose();
  }
  return { name: about.name, parts, passed: parts.every(({ error, tolerance }) => error <= tolerance) };
}

async function bytesOf(folder: Folder, name: string): Promise<Uint8Array> {
  const file = await folder.open(name);
  if (file === null) throw new Error(`[peftjs/testing] ${folder.location} has no ${name}; it is no golden case`);
  return file.read(0, file.size);
}

async function batchOf(expect: SafetensorsFile): Promise<TokenBatch> {
  const shape = expect.tensors.get('input_ids')?.shape as readonly [number, number];
  return {
    inputIds: await expect.readInt32('input_ids'),
    attentionMask: await expect.readInt32('attention_mask'),
    labels: await expect.readInt32('labels'),
    shape,
  };
}

async function logits(model: CausalLM, batch: TokenBatch): Promise<Float32Array> {
  const out = model.logits(batch);
  const values = (await out.data()) as Float32Array;
  out.dispose();
  return values;
}

/** A parameter's name without what PEFT adds to it in memory. */
function bare(name: string): string {
  return name
    .replace('.default', '')
    .replace('.modules_to_save', '')
    .replace(/\.weight$/, '');
}

async function gradients(model: CausalLM, adapter: Adapter, batch: TokenBatch, expect: SafetensorsFile) {
  const trained = adapter.parameters.filter((p) => p.trainable);
  const targets = model.count(batch).targets;
  const pass = valueAndGrads(
    () => model.loss(batch, { training: true, seed: 0 }),
    trained.map((p) => p.variable),
  );
  pass.value.dispose();
  const ours = new Map<string, Float32Array>();
  for (const [i, { key, variable }] of trained.entries()) {
    const g = pass.grads[i];
    const sum = g == null ? new Float32Array(variable.size) : ((await g.data()) as Float32Array);
    g?.dispose();
    ours.set(
      bare(key),
      sum.map((v) => v / targets),
    );
  }
  const out: [string, [Float32Array, Float32Array]][] = [];
  for (const name of expect.tensors.keys()) {
    if (!name.startsWith('grad.')) continue;
    out.push([name, [ours.get(bare(name.slice(5))) ?? new Float32Array(0), await expect.readFloat32(name)]]);
  }
  if (out.length !== ours.size)
    throw new Error(`[peftjs/testing] we train ${ours.size} tensors where PEFT trained ${out.length}`);
  return out;
}

/** Losses before each of three AdamW steps and after the last. */
async function threeSteps(
  model: CausalLM,
  adapter: Adapter,
  batch: TokenBatch,
): Promise<{ losses: number[]; loss: number[] }> {
  const batches = { size: 1, get: () => batch };
  const losses: number[] = [];
  const options = {
    trainable: adapter,
    learningRate: 1e-2,
    steps: 3,
    optimizer: adamw(),
    schedule: constant,
    clip: Number.POSITIVE_INFINITY,
  };
  for await (const event of train(model, batches, options)) if (event.type === 'step') losses.push(event.loss);
  losses.push(await meanLoss(model, batches));
  return { losses, loss: losses.slice(0, 1) };
}
