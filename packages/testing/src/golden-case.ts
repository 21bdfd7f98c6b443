// A golden case: what Hugging Face PEFT computed for one base, one adapter and one batch, and how far we are from it.
import { diskFolder, type Folder, loadAdapter } from '@peftjs/checkpoint';
import { type Adapter, type Family, merge, restore } from '@peftjs/core';
import { openSafetensors, type SafetensorsFile } from '@peftjs/safetensors';
import type { AfterStep } from '@peftjs/train';
import { type GoldenModel, openGoldenModel } from './golden-model.ts';
import { gradientsOf, lossOf, threeSteps } from './golden-steps.ts';
import { INFERENCE } from './host-case.ts';
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

/** `case.json` */
export interface GoldenAbout {
  readonly name: string;
  /** PEFT's `task_type`, or `IMAGE_CLS`; `CAUSAL_LM` when left out. */
  readonly task?: string;
  /** Null where there is no adapter. */
  readonly peft_type: string | null;
  /** The folder does not hold what trains. */
  readonly forward_only?: boolean;
  readonly [key: string]: unknown;
}

/** Where a case is: its folders by name, `''` for the case's own. A name that it has not is an empty folder. */
export type GoldenFolders = (name: '' | 'base' | 'adapter' | 'merged' | 'trained') => Folder;

export interface GoldenOptions {
  /** What is done after each of the three steps, for a case that asks for it. */
  readonly after?: (about: GoldenAbout, adapter: Adapter) => readonly AfterStep[];
}

type Compare = (part: string, kind: ToleranceName, actual: ArrayLike<number>, expected: ArrayLike<number>) => void;

/**
 * Runs a case on the active backend.
 *
 * @param place the case's folder on a disk, or what opens its folders
 * @param families what reads its adapter
 * @throws naming the file or tensor of the case that is missing
 */
export async function runGoldenCase(
  place: string | GoldenFolders,
  families: readonly Family[],
  options: GoldenOptions = {},
): Promise<GoldenResult> {
  const folders: GoldenFolders =
    typeof place === 'string' ? (part) => diskFolder(part ? `${place}/${part}` : place) : place;
  const folder = folders('');
  const about = JSON.parse(new TextDecoder().decode(await bytesOf(folder, 'case.json'))) as GoldenAbout;
  const { name, task = 'CAUSAL_LM', peft_type } = about;
  const source = await folder.open('expect.safetensors');
  if (source === null)
    throw new Error(`[peftjs/testing] ${folder.location} has no expect.safetensors; it is no golden case`);
  const expect = await openSafetensors(source);
  const parts: GoldenPart[] = [];
  const compare: Compare = (part, kind, actual, expected) => {
    parts.push({ part, error: relativeError(actual, expected), tolerance: TOLERANCES[kind] });
  };
  const model = await openGoldenModel(task, folders('base'), expect);
  try {
    const plain = expect.tensors.has('embedding') ? 'embedding' : 'logits_base';
    compare(plain, 'logits', await outputOf(model), await expect.readFloat32(plain));
    if (peft_type !== null) {
      const adapter = await restore(model.host, await loadAdapter(folders('adapter')), families);
      compare('logits', 'logits', await outputOf(model), await expect.readFloat32('logits'));
      if (about.forward_only) compare('loss', 'loss', [await lossOf(model)], await expect.readFloat32('loss'));
      else await compareSteps(model, adapter, expect, compare, options.after?.(about, adapter) ?? []);
      if (!about.forward_only) await compareAfter({ folders, task, families, expect, compare }, model, adapter);
      adapter.detach();
    }
  } finally {
    model.dispose();
  }
  return { name, parts, passed: parts.every(({ error, tolerance }) => error <= tolerance) };
}

async function compareSteps(
  model: GoldenModel,
  adapter: Adapter,
  expect: SafetensorsFile,
  compare: Compare,
  after: readonly AfterStep[],
): Promise<void> {
  for (const [name, values] of await gradientsOf(model, adapter, expect)) compare(name, 'gradient', ...values);
  const losses = await threeSteps(model, adapter, after);
  compare('loss', 'loss', losses.slice(0, 1), await expect.readFloat32('loss'));
  compare('losses', 'losses', losses, await expect.readFloat32('losses'));
  compare('logits_step3', 'afterSteps', await outputOf(model), await expect.readFloat32('logits_step3'));
}

interface Case {
  readonly folders: GoldenFolders;
  readonly task: string;
  readonly families: readonly Family[];
  readonly expect: SafetensorsFile;
  readonly compare: Compare;
}

/** The merged model and the trained adapter, where the case has them, against ours after the three steps. */
async function compareAfter({ folders, task, families, expect, compare }: Case, model: GoldenModel, adapter: Adapter) {
  const after = await expect.readFloat32('logits_step3');
  if (await has(folders('merged'), 'config.json')) {
    const unmerge = await merge(adapter, { probe: () => model.output(INFERENCE) });
    compare('merged here', 'afterSteps', await outputOf(model), after);
    const theirs = await openGoldenModel(task, folders('merged'), expect);
    compare('merged there', 'afterSteps', await outputOf(theirs), after);
    theirs.dispose();
    unmerge();
    compare('unmerged', 'afterSteps', await outputOf(model), after);
  }
  if (await has(folders('trained'), 'adapter_config.json')) {
    adapter.active = false;
    const theirs = await restore(model.host, await loadAdapter(folders('trained')), families, { name: 'trained' });
    compare('trained there', 'afterSteps', await outputOf(model), after);
    theirs.detach();
    adapter.active = true;
  }
}

async function outputOf(model: GoldenModel): Promise<Float32Array> {
  const out = model.output(INFERENCE);
  const values = (await out.data()) as Float32Array;
  out.dispose();
  return values;
}

async function bytesOf(folder: Folder, name: string): Promise<Uint8Array> {
  const file = await folder.open(name);
  if (file === null) throw new Error(`[peftjs/testing] ${folder.location} has no ${name}; it is no golden case`);
  return file.read(0, file.size);
}

async function has(folder: Folder, name: string): Promise<boolean> {
  return (await folder.open(name).catch(() => null)) !== null;
}
