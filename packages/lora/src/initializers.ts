// How A [r, i] and B [o, r] start. The update is zero at first, but for `noisy`.
import { normal, type Random, uniform } from '@peftjs/backend';
import type { Host, Json, Started, Targets, WeightSite } from '@peftjs/core';
import { type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';

type Fill = (shape: readonly number[], next: Random) => Tensor;

export interface Initializer {
  /** PEFT's `init_lora_weights`. */
  readonly name: boolean | string;
  /** Other keys of PEFT's that say how, where they must be the same to read an adapter. */
  readonly config?: Readonly<Record<string, Json>>;
  readonly a: Fill;
  readonly b: Fill;
  /** Starts from the weight itself, and takes out of the weight what A and B start with. */
  start?(host: Host, site: WeightSite, r: number, scale: number): Started | null;
  /** The same, where what `start` looks at was read before: for backends that give no numbers at once. */
  prepare?(host: Host, targets: Targets): Promise<Initializer>;
  /** What is wrong with starting at this site, or null. */
  check?(site: WeightSite): string | null;
}

export const zero: Fill = (shape) => zeros(shape as number[]);

function size(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** U(-1/sqrt(i), 1/sqrt(i)), i all but the first dimension, torch's kaiming_uniform_ with a = sqrt(5). */
export const kaimingUniform: Fill = ([r = 1, ...rest], next) => {
  const bound = 1 / Math.sqrt(size(rest));
  return tensor(uniform(next, r * size(rest), -bound, bound), [r, ...rest]);
};

/** A uniform within 1/sqrt(i), B zero. */
export const kaiming: Initializer = { name: true, a: kaimingUniform, b: zero };

/** A normal with deviation 1/r, B zero. */
export const gaussian: Initializer = {
  name: 'gaussian',
  a: (shape, next) => tensor(normal(next, size(shape), 1 / (shape[0] as number)), shape as number[]),
  b: zero,
};

/** Neither is zero: the update counts from the first step. For tests. */
export const noisy: Initializer = { name: false, a: kaimingUniform, b: kaimingUniform };

/** For embeddings, as PEFT: A zero, B normal. */
export const normalB: Fill = (shape, next) => tensor(normal(next, size(shape), 1), shape as number[]);
