// One AdamW step as torch defines it (Loshchilov and Hutter, arXiv 1711.05101).
import { add, div, mul, sqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import { engine } from '../engine.ts';
import { activeForm, type Replaceable } from '../fused-op.ts';

/** All of one shape: the parameter, its gradient, and the running means of the gradient and of its square. */
export interface AdamwInputs {
  readonly p: Tensor;
  readonly g: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
}

export interface AdamwAttrs {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** 1 in the first step. */
  readonly step: number;
  /** Factor of the gradient, from clipping and accumulation. */
  readonly gradientScale: number;
}

/** The parameter and the two means after the step. */
export type AdamwResult = readonly [p: Tensor, m: Tensor, v: Tensor];
export type AdamwForm = (inputs: AdamwInputs, attrs: AdamwAttrs) => AdamwResult;

const reference: AdamwForm = ({ p, g: raw, m, v }, a) => {
  const g = mul(raw, a.gradientScale);
  const m2 = add(mul(m, a.beta1), mul(g, 1 - a.beta1));
  const v2 = add(mul(v, a.beta2), mul(square(g), 1 - a.beta2));
  const correction = Math.sqrt(1 - a.beta2 ** a.step);
  const denominator = add(div(sqrt(v2), correction), a.eps);
  const p2 = sub(
    mul(p, 1 - a.learningRate * a.weightDecay),
    mul(div(m2, denominator), a.learningRate / (1 - a.beta1 ** a.step)),
  );
  return [p2, m2, v2];
};

const step = (inputs: AdamwInputs, attrs: AdamwAttrs): AdamwResult =>
  engine().tidy('AdamW', () => activeForm('AdamW', reference)(inputs, attrs));

/**
 * p ← p (1 - lr · decay) - lr · m̂ / (sqrt(v̂) + eps), with m̂ and v̂ free of their bias. New tensors; the inputs stay.
 */
export const adamw: AdamwForm & Replaceable<AdamwForm> = Object.assign(step, { opName: 'AdamW', reference });
