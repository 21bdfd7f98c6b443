// The summed loss of several batches, and the sum of its gradients.
import { engine, valueAndGrads } from '@peftjs/backend';
import type { Context } from '@peftjs/core';
import { add, sqrt, square, sum, type Tensor, type Variable, zerosLike } from '@tensorflow/tfjs-core';
import type { Objective } from './learner.ts';
import { groupParameters, joinTensors } from './parameter-groups.ts';

export interface GradientSum {
  /** Scalar: sum of the losses. */
  readonly loss: Tensor;
  readonly grads: readonly Tensor[];
  /** Scalar: joint norm of the gradients. */
  readonly norm: Tensor;
}

/**
 * One batch after the other, so that the memory is that of one. The caller owns what comes back.
 *
 * @param extra a scalar to be added once
 */
export function gradientSum<B>(
  objective: Objective<B>,
  batches: readonly B[],
  variables: readonly Variable[],
  contexts: readonly Context[],
  extra: () => Tensor | null = () => null,
): GradientSum {
  return engine().tidy(() => {
    let loss: Tensor | undefined;
    let grads: Tensor[] | undefined;
    for (const [i, batch] of batches.entries()) {
      const pass = valueAndGrads(() => {
        const own = objective.loss(batch, contexts[i] as Context);
        const more = i === 0 ? extra() : null;
        return more === null ? own : add(own, more);
      }, variables);
      const found = pass.grads.map((g, k) => g ?? zerosLike(variables[k] as Variable));
      loss = plus(loss, pass.value);
      grads = grads === undefined ? found : found.map((g, k) => plus(grads?.[k], g));
    }
    const parts = grads as Tensor[];
    const norm = engine().tidy(() => sqrt(squaresOf(parts).reduce((a, b) => add(a, b))));
    return { loss: loss as Tensor, grads: parts, norm };
  });
}

/** Sums of squares, of which the joint norm is made. */
function squaresOf(grads: readonly Tensor[]): Tensor[] {
  const groups = groupParameters(
    grads,
    grads.map(() => 1),
    true,
  );
  return groups.map(({ members }) => sum(square(joinTensors(members.map((i) => grads[i] as Tensor)))));
}

function plus(before: Tensor | undefined, more: Tensor): Tensor {
  if (before === undefined) return more;
  const both = add(before, more);
  before.dispose();
  more.dispose();
  return both;
}
