// AdamW on our kernels: parameter, gradient and both means read once.
import {
  type Adamw8bitForm,
  type AdamwAttrs,
  type AdamwForm,
  adamw,
  adamw8bit,
  type Coded,
  dynamicTable,
  type Kernel,
  kernel,
} from '@peftjs/backend';
import { tensor1d } from '@tensorflow/tfjs-core';
import type { Runtime } from '../runtime.ts';

export function adamwKernels(r: Runtime): readonly Kernel[] {
  const form: AdamwForm = ({ p, g, m, v }, attrs) => {
    const [p2, m2, v2] = [r.tensor(p.shape), r.tensor(p.shape), r.tensor(p.shape)];
    const tensors = [p, g, m, v, p2, m2, v2].map((t) => r.at(t));
    r.run.adamw(...tensors, p.size, ...numbersOf(attrs));
    return [p2, m2, v2];
  };
  const like = ({ words, scales }: Coded): Coded => ({ words: r.tensor(words.shape), scales: r.tensor(scales.shape) });
  const form8bit: Adamw8bitForm = ({ p, g, m, v }, attrs) => {
    const after = { p: r.tensor(p.shape), m: like(m), v: like(v) };
    const tables = [true, false].map((signed) => tensor1d(dynamicTable(signed)));
    const [means, squares] = [m, v].map((before, k) => {
      const { words, scales } = k === 0 ? after.m : after.v;
      return [before.words, before.scales, words, scales, tables[k] as (typeof tables)[0]].map((t) => r.at(t));
    }) as [number[], number[]];
    r.run.adamw8bit(r.at(p), r.at(g), r.at(after.p), ...means, ...squares, p.size, ...numbersOf(attrs));
    return after;
  };
  return [kernel(adamw, form), kernel(adamw8bit, form8bit)];
}

/** What the kernels compute a step with. */
function numbersOf(a: AdamwAttrs): readonly number[] {
  return [
    a.gradientScale,
    a.beta1,
    a.beta2,
    1 - a.beta1,
    1 - a.beta2,
    1 - a.learningRate * a.weightDecay,
    a.learningRate / (1 - a.beta1 ** a.step),
    Math.sqrt(1 - a.beta2 ** a.step),
    a.eps,
  ];
}
