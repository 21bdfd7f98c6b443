// Tiny models with a file, variants of them that differ in some of their tensors, and the deltas between.
import { type MemoryFolder, memoryFolder } from '@peftjs/checkpoint';
import type { Host, StoredTensor } from '@peftjs/core';
import { diff } from '@peftjs/delta';
import { type Model, saveModel } from '@peftjs/models';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '@peftjs/safetensors';
import { TINY } from '../../models/test/tiny-models.ts';

export type FileDtype = 'F32' | 'F16' | 'BF16';

/** A tiny model's folder. */
export async function baseOf(name: string, dtype: FileDtype = 'F32', more = {}): Promise<MemoryFolder> {
  const { model } = await (TINY[name] as (typeof TINY)[string]).open(more);
  const folder = memoryFolder([], 'base');
  await saveModel(model, folder, { dtype });
  model.dispose();
  return folder;
}

/** The same with two of three tensors changed, or those that `change` gives others for. */
export async function variantOf(base: MemoryFolder, location: string, change = moved(1)): Promise<MemoryFolder> {
  const file = await openSafetensors((await base.open('model.safetensors'))!);
  const tensors: TensorToWrite[] = [];
  let index = 0;
  for (const [name, { dtype, shape }] of file.tensors)
    tensors.push(...change({ name, dtype, shape, data: await file.readFloat32(name) }, index++));
  return memoryFolder([...base.files, ['model.safetensors', writeSafetensors(tensors)]], location);
}

export type Change = (
  tensor: TensorToWrite & { readonly data: Float32Array },
  index: number,
) => readonly TensorToWrite[];

export function moved(seed: number): Change {
  return (tensor, i) => {
    if (i % 3 === seed % 3) return [tensor];
    return [{ ...tensor, data: tensor.data.map((v, k) => v * 1.01 + 0.01 * Math.sin(seed + k)) }];
  };
}

export async function deltaOf(base: MemoryFolder, tuned: MemoryFolder): Promise<MemoryFolder> {
  const delta = memoryFolder([], `${tuned.location}-delta`);
  await diff(base, tuned, delta);
  return delta;
}

/** The numbers of all that a host holds. */
export function numbersOf(host: Host | Model): Readonly<Record<string, Float32Array>> {
  const read = ({ held }: StoredTensor) => {
    if (!('encode' in held)) return held.dataSync<'float32'>().slice();
    const rows = held.read();
    const values = rows.dataSync<'float32'>().slice();
    rows.dispose();
    return values;
  };
  return Object.fromEntries((host.stored?.() ?? []).map((one) => [one.name, read(one)]));
}
