// AdamW whose means take 8 bits a number (Dettmers et al., arXiv 2110.02861). A step is AdamW's own, in float32, between
// reading the codes and writing them.
import { type Coded, codedZeros, adamw8bit as step } from '@peftjs/backend';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type AdamwOptions, adamw, adamwNumbers } from './adamw.ts';
import type { Optimizer, Slots } from './optimizer.ts';

export interface Adamw8bitOptions extends AdamwOptions {
  /** Parameters of fewer numbers keep their means in float32; 4096 when left out. */
  readonly least?: number;
}

const slotsOf = (m: Coded, v: Coded): Slots => ({ m: m.words, mScales: m.scales, v: v.words, vScales: v.scales });
const coded = (words: Tensor | undefined, scales: Tensor | undefined): Coded => ({ words, scales }) as Coded;

/**
 * `adamw()` with less than 3 bytes of state for each number that is trained, in place of 8.
 *
 * @example
 * for await (const event of train(model, batches, { learningRate: 1e-4, optimizer: adamw8bit() })) console.log(event.type);
 */
export function adamw8bit({ least = 4096, ...options }: Adamw8bitOptions = {}): Optimizer {
  const numbers = adamwNumbers(options);
  const whole = adamw(numbers);
  const sizeOf = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);
  return {
    name: 'adamw8bit',
    options: { ...numbers, least },
    slots(shape) {
      if (sizeOf(shape) < least) return whole.slots(shape);
      return slotsOf(codedZeros(sizeOf(shape), true), codedZeros(sizeOf(shape), false));
    },
    update(args) {
      const { value, gradient, slots, ...rest } = args;
      if (value.size < least) return whole.update(args);
      const means = { m: coded(slots.m, slots.mScales), v: coded(slots.v, slots.vScales) };
      const { p, m, v } = step({ p: value, g: gradient, ...means }, { ...numbers, ...rest });
      return { value: p, slots: slotsOf(m, v) };
    },
  };
}
