// AdamW whose means take 8 bits a number (Dettmers et al., arXiv 2110.02861). A step is AdamW's own, in float32, between
// reading the codes and writing them.
import type { Tensor } from '@tensorflow/tfjs-core';
import { type AdamwOptions, adamw } from './adamw.ts';
import { type Coded, codedZeros, decodeDynamic, encodeDynamic } from './dynamic-codes.ts';
import type { Optimizer, Slots } from './optimizer.ts';

export interface Adamw8bitOptions extends AdamwOptions {
  /** Parameters of fewer numbers keep their means in float32; 4096 when left out. */
  readonly least?: number;
}

/** Those of the gradient and of its square, and whether they have a sign. */
const MEANS = [
  ['m', true],
  ['v', false],
] as const;

function slotsOf(make: (name: 'm' | 'v', signed: boolean) => Coded): Slots {
  const slots: Record<string, Tensor> = {};
  for (const [name, signed] of MEANS) {
    const { words, scales } = make(name, signed);
    slots[name] = words;
    slots[`${name}Scales`] = scales;
  }
  return slots;
}

/**
 * `adamw()` with less than 3 bytes of state for each number that is trained, in place of 8.
 *
 * @example
 * for await (const event of train(model, batches, { learningRate: 1e-4, optimizer: adamw8bit() })) console.log(event.type);
 */
export function adamw8bit({ least = 4096, ...options }: Adamw8bitOptions = {}): Optimizer {
  const whole = adamw(options);
  const sizeOf = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);
  return {
    name: 'adamw8bit',
    options: { ...whole.options, least },
    slots(shape) {
      if (sizeOf(shape) < least) return whole.slots(shape);
      return slotsOf((_, signed) => codedZeros(sizeOf(shape), signed));
    },
    update(args) {
      const { value, slots } = args;
      if (value.size < least) return whole.update(args);
      const read = MEANS.map(([name, signed]) => {
        const coded = { words: slots[name] as Tensor, scales: slots[`${name}Scales`] as Tensor };
        return [name, decodeDynamic(coded, value.shape, signed)];
      });
      const after = whole.update({ ...args, slots: Object.fromEntries(read) });
      const written = slotsOf((name, signed) => encodeDynamic(after.slots[name] as Tensor, signed));
      return { value: after.value, slots: written };
    },
  };
}
