// How the frozen weights are held: the storages that have a name on the command line.
import type { Storage } from '@peftjs/core';
import { choice, type Option, orElse } from '../option.ts';

const NAMES = ['f32', 'f16', 'bf16', 'int8', 'int4', 'nf4', 'nf4-double', 'nf4-int8', 'fp4', 'as-stored'] as const;

export type WeightsName = (typeof NAMES)[number];

export const weightsOption: Option<WeightsName> = orElse(
  choice(
    NAMES,
    'how the frozen weights are held in memory; nf4-double: scales in 8 bits too; nf4-int8: embeddings and output in int8; as-stored: as the file has them',
  ),
  'f32',
);

/** The storage of that name; undefined for the models' own. */
export async function storageOf(name: WeightsName): Promise<Storage | undefined> {
  if (name === 'f32') return undefined;
  const { asStored, bf16, byRole, f16, fp4, int4, int8, nf4 } = await import('@peftjs/quantization');
  const made = {
    f16,
    bf16,
    int8,
    int4,
    nf4,
    'nf4-double': () => nf4({ doubleQuantization: true }),
    'nf4-int8': () => byRole({ embed: int8(), head: int8() }, nf4({ doubleQuantization: true })),
    fp4,
    'as-stored': asStored,
  };
  return made[name]();
}
