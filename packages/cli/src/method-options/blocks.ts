// The options by which OFT and BOFT cut a layer's inputs into blocks.
import { given } from '../given.ts';
import { integer, type Option } from '../option.ts';
import { UsageError } from '../usage-error.ts';

interface BlockValues {
  readonly 'block-size': number | undefined;
  readonly blocks: number | undefined;
}

export const blockOptions: { readonly [K in keyof BlockValues]: Option<BlockValues[K]> } = {
  'block-size': integer('N', 'inputs that turn together; 32 for OFT, 4 for BOFT when left out', { min: 2 }),
  blocks: integer('N', 'blocks of each layer, in place of their size', { min: 1 }),
};

/** @throws UsageError where both are given */
export function checkBlocks({ 'block-size': size, blocks }: BlockValues): void {
  if (size === undefined || blocks === undefined) return;
  throw new UsageError(`--block-size ${size} and --blocks ${blocks} say the same; leave one out`);
}

export function blocksOf({ 'block-size': blockSize, blocks }: BlockValues): { blockSize?: number; blocks?: number } {
  return given({ blockSize, blocks });
}
