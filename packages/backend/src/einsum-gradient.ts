// The gradient of einsum, which tfjs lacks: of each operand an einsum of the result's gradient and the other operand.
import { broadcastTo, einsum, type GradConfig, reshape, type Tensor } from '@tensorflow/tfjs-core';

/** The operand's gradient: what it was summed over alone comes back as copies. */
function ofOperand(own: string, x: Tensor, result: string, dy: Tensor, others: readonly [string, Tensor][]): Tensor {
  const known = [...own].filter((label) => [result, ...others.map(([term]) => term)].some((t) => t.includes(label)));
  const terms = [result, ...others.map(([term]) => term)];
  const d = einsum(`${terms.join(',')}->${known.join('')}`, dy, ...others.map(([, other]) => other));
  if (known.length === own.length) return d;
  const shape = x.shape.map((n, i) => (known.includes(own[i] as string) ? n : 1));
  return broadcastTo(reshape(d, shape), x.shape);
}

export const einsumGradient: GradConfig = {
  kernelName: 'Einsum',
  saveAllInputs: true,
  gradFunc: (dy, saved, attrs) => {
    const [left, result] = (attrs as { equation: string }).equation.replace(/\s/g, '').split('->') as [string, string];
    const terms = left.split(',');
    const closures = saved.map((x, i) => () => {
      const others = terms.flatMap((term, j): [string, Tensor][] => (j === i ? [] : [[term, saved[j] as Tensor]]));
      return ofOperand(terms[i] as string, x, result, dy as Tensor, others);
    });
    return Object.fromEntries(closures.entries());
  },
};
