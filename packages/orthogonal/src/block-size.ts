// How many blocks a layer's inputs are cut into, and how large.
export interface BlockOptions {
  /** Inputs that turn together. */
  readonly blockSize?: number;
  /** How many blocks each layer has, in place of their size. */
  readonly blocks?: number;
}

/** @throws when both are given, or one is no whole number above 0 */
export function checkBlocks({ blockSize, blocks }: BlockOptions): void {
  if (blockSize !== undefined && blocks !== undefined) {
    throw new Error(`[peftjs/orthogonal] blockSize ${blockSize} and blocks ${blocks} say the same; give one of them`);
  }
  for (const [name, value] of Object.entries({ blockSize, blocks })) {
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw new Error(`[peftjs/orthogonal] ${name} is ${value}; give a whole number above 0`);
    }
  }
}

export function sizeOf({ blockSize, blocks }: BlockOptions, inDim: number): number {
  return blockSize ?? inDim / (blocks as number);
}

/** What is wrong with a layer of so many inputs, or null. */
export function checkSize(options: BlockOptions, inDim: number): string | null {
  const k = sizeOf(options, inDim);
  if (Number.isInteger(k) && k > 1 && inDim % k === 0) return null;
  const near = Array.from({ length: inDim }, (_, i) => i + 1).filter((d) => d > 1 && inDim % d === 0);
  return `${inDim} inputs cannot be cut into blocks of ${k}; sizes that divide them: ${near.join(', ')}`;
}
