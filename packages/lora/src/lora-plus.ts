// LoRA+ (Hayou et al., arXiv 2402.12354): B learns faster than A, by a ratio λ = η_B / η_A.
import type { Parameter } from '@peftjs/core';

export interface LoraPlusOptions {
  /** How many times the learning rate counts for B and for vectors; 16 when left out. */
  readonly ratio?: number;
  /** How many times it counts for A and B of tables; 1 when left out. */
  readonly tables?: number;
}

/**
 * The `rates` of `train`: the learning rate is A's.
 *
 * @throws when a number is not above 0
 * @example
 * const run = train(model, batches, { learningRate: 1e-4, rates: loraPlus({ ratio: 16 }) });
 */
export function loraPlus({ ratio = 16, tables = 1 }: LoraPlusOptions = {}): (parameter: Parameter) => number {
  for (const [name, value] of Object.entries({ ratio, tables })) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
      throw new Error(`[peftjs/lora] ${name} is ${value}; give a number above 0`);
    }
  }
  return ({ key, variable }) => {
    if (key.includes('lora_embedding_')) return tables;
    return key.includes('lora_B') || variable.rank === 1 ? ratio : 1;
  };
}
