// Weights that nobody has trained yet: the start of a pretraining.
import { normal, random } from '@peftjs/backend';
import { dense } from '@peftjs/core';
import { ones, variable, zeros } from '@tensorflow/tfjs-core';
import type { Source } from './source.ts';

/** Normal matrices of this deviation, gains of 1, biases of 0. */
export function randomSource(seed: number, deviation = 0.02): Source {
  const next = random(seed);
  return {
    has: () => true,
    matrix: async (_name, outDim, inDim) => dense(normal(next, outDim * inDim, deviation), outDim, inDim),
    vector: async (name, length) => {
      const start = name.endsWith('.bias') ? zeros([length]) : ones([length]);
      const held = variable(start, false);
      start.dispose();
      return held;
    },
  };
}
