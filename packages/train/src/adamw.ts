// AdamW as torch defines it (Loshchilov and Hutter, arXiv 1711.05101).
import { adamw as step } from '@peftjs/backend';
import { type Tensor, zeros } from '@tensorflow/tfjs-core';
import type { Optimizer } from './optimizer.ts';

export interface AdamwOptions {
  /** 0.9 when left out. */
  readonly beta1?: number;
  /** 0.999 when left out. */
  readonly beta2?: number;
  /** 1e-8 when left out. */
  readonly eps?: number;
  /** Share of the weight taken off each step, times the learning rate; 0.01 when left out. */
  readonly weightDecay?: number;
}

type AdamwNumbers = { readonly [name in keyof AdamwOptions]-?: number };

/** What was given, and for the rest what is usual. @throws where a mean would not be one, or a weight would grow */
export function adamwNumbers({
  beta1 = 0.9,
  beta2 = 0.999,
  eps = 1e-8,
  weightDecay = 0.01,
}: AdamwOptions): AdamwNumbers {
  check('beta1', beta1, beta1 >= 0 && beta1 < 1, 'from 0 up to, and not, 1');
  check('beta2', beta2, beta2 >= 0 && beta2 < 1, 'from 0 up to, and not, 1');
  check('eps', eps, eps > 0, 'above 0');
  check('weightDecay', weightDecay, weightDecay >= 0, 'of 0 or more');
  return { beta1, beta2, eps, weightDecay };
}

function check(name: keyof AdamwOptions, value: number, holds: boolean, range: string): void {
  if (!holds || !Number.isFinite(value)) throw new Error(`[peftjs/train] ${name} is ${value}; give a number ${range}`);
}

/** p ← p (1 - lr · decay) - lr · m̂ / (sqrt(v̂) + eps). */
export function adamw(options: AdamwOptions = {}): Optimizer {
  const numbers = adamwNumbers(options);
  return {
    name: 'adamw',
    options: numbers,
    elementwise: true,
    slots: (shape) => ({ m: zeros([...shape]), v: zeros([...shape]) }),
    update({ value, gradient, slots, ...rest }) {
      const inputs = { p: value, g: gradient, m: slots.m as Tensor, v: slots.v as Tensor };
      const [p, m, v] = step(inputs, { ...numbers, ...rest });
      return { value: p, slots: { m, v } };
    },
  };
}
