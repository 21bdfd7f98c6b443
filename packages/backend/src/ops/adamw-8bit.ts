// One AdamW step whose means are codes of 8 bits, read and written within it (Dettmers et al., arXiv 2110.02861).
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Coded, decodeDynamic, encodeDynamic } from '../dynamic-codes.ts';
import { engine } from '../engine.ts';
import { activeForm, type Replaceable } from '../fused-op.ts';
import { type AdamwAttrs, adamw } from './adamw.ts';

/** The parameter and its gradient, of one shape; the means of the gradient, with a sign, and of its square, without. */
export type Adamw8bitInputs = { readonly p: Tensor; readonly g: Tensor; readonly m: Coded; readonly v: Coded };

export type Adamw8bitResult = Pick<Adamw8bitInputs, 'p' | 'm' | 'v'>;
export type Adamw8bitForm = (inputs: Adamw8bitInputs, attrs: AdamwAttrs) => Adamw8bitResult;

const reference: Adamw8bitForm = ({ p, g, m, v }, attrs) => {
  const means = { m: decodeDynamic(m, p.shape, true), v: decodeDynamic(v, p.shape, false) };
  const [p2, m2, v2] = adamw({ p, g, ...means }, attrs);
  return { p: p2, m: encodeDynamic(m2, true), v: encodeDynamic(v2, false) };
};

const step: Adamw8bitForm = (inputs, attrs) =>
  engine().tidy('Adamw8bit', () => activeForm('Adamw8bit', reference)(inputs, attrs));

/** `adamw` between reading the codes of both means and writing those of the new ones. New tensors; the inputs stay. */
export const adamw8bit: Adamw8bitForm & Replaceable<Adamw8bitForm> = Object.assign(step, {
  opName: 'Adamw8bit',
  reference,
});
