// Two short batches, and how far what two models say of them is apart.
import type { CausalLM } from '../src/heads/causal-lm.ts';
import type { TokenBatch } from '../src/tokens/token-input.ts';
import { batchOf, logitsOf } from './tiny-llama.ts';

export const TEXTS: readonly TokenBatch[] = [
  batchOf([
    [3, 5, 7, 2, 8],
    [4, 1, 9],
  ]),
  batchOf([
    [11, 2, 6, 6, 1],
    [8, 12, 3, 0, 10],
  ]),
];

export const batches = { size: TEXTS.length, get: (_: number, index: number) => TEXTS[index] as TokenBatch };

/** Mean divergence of the second model's probabilities from the first one's, over all positions. */
export function divergence(model: CausalLM, other: CausalLM, texts: readonly TokenBatch[] = TEXTS): number {
  const found = texts.flatMap((batch) => {
    const [p, q] = [probabilitiesOf(model, batch), probabilitiesOf(other, batch)];
    return p.map((row, at) => row.reduce((sum, one, k) => sum + one * Math.log(one / (q[at]?.[k] as number)), 0));
  });
  return found.reduce((a, b) => a + b, 0) / found.length;
}

function probabilitiesOf(model: CausalLM, batch: TokenBatch): number[][] {
  const values = logitsOf(model, batch);
  const [rows, tokens] = batch.shape;
  const width = values.length / (rows * tokens);
  return Array.from({ length: rows * tokens }, (_, at) => {
    const sizes = Array.from(values.slice(at * width, (at + 1) * width), Math.exp);
    const sum = sizes.reduce((a, b) => a + b);
    return sizes.map((one) => one / sum);
  });
}
