// How the frozen weights are held: the storages that have a name on the command line.
import type { Storage } from '@peftjs/core';
import { choice, type Option, orElse } from './option.ts';

export type WeightsName = 'f32' | 'f16' | 'bf16';

export const weightsOption: Option<WeightsName> = orElse(
  choice(['f32', 'f16', 'bf16'], 'how the frozen weights are held in memory'),
  'f32',
);

/** The storage of that name; undefined for the models' own. */
export async function storageOf(name: WeightsName): Promise<Storage | undefined> {
  if (name === 'f32') return undefined;
  const { bf16, f16 } = await import('@peftjs/quantization');
  return { f16, bf16 }[name]();
}
