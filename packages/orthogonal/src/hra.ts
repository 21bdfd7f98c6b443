// HRA (Yuan et al., arXiv 2405.17484): W turned by r Householder reflections, W H₁ … H_r with H = I - 2 u u' and u a column
// of U [i, r] at length 1. With Gram-Schmidt the columns are orthogonal to each other, and the product is I - 2 U U'.

import { uniform } from '@peftjs/backend';
import type { Method } from '@peftjs/core';
import { concat, div, matMul, mul, split, sqrt, square, sub, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { rotationPart } from './rotation-part.ts';
import { defaultTargets, type TargetOptions, targetKeys } from './target-options.ts';

export interface HraOptions extends TargetOptions {
  /** Reflections; 8 when left out. An even number starts as the identity: in pairs that undo each other. */
  readonly r?: number;
  /** Makes the reflections orthogonal to each other; false when left out. It cannot start as the identity. */
  readonly orthogonal?: boolean;
  /** Whether an even number starts as the identity; true when left out. */
  readonly pairs?: boolean;
}

const unit = (u: Tensor): Tensor => div(u, sqrt(sum(square(u), 0, true)));

/** The columns [i, 1], each orthogonal to those before it. */
function orthonormal(columns: readonly Tensor[]): Tensor {
  const found: Tensor[] = [];
  for (const column of columns) {
    let u = column;
    for (const before of found) u = sub(u, mul(before, matMul(before, u, true)));
    found.push(unit(u));
  }
  return concat(found, 1);
}

const reflected = (rows: Tensor, u: Tensor): Tensor => sub(rows, matMul(mul(matMul(rows, u), 2), u, false, true));

function turn(rows: Tensor, u: Tensor, orthogonal: boolean, back: boolean): Tensor {
  const columns = split(u, u.shape[1] as number, 1);
  if (orthogonal) return reflected(rows, orthonormal(columns));
  const ordered = back ? columns : columns.toReversed();
  return ordered.reduce((turned, column) => reflected(turned, unit(column)), rows);
}

/**
 * HRA on linear layers.
 *
 * @throws when r is no whole number above 0, or an option contradicts another
 * @example
 * attach(model, hra({ r: 8, targets: ['q_proj', 'v_proj'] }));
 */
export function hra(options: HraOptions = {}): Method {
  const { r = 8, orthogonal = false, pairs = !orthogonal && r % 2 === 0 } = options;
  if (!(Number.isInteger(r) && r > 0)) throw new Error(`[peftjs/orthogonal] r is ${r}; give a whole number above 0`);
  if (pairs && (r % 2 !== 0 || orthogonal)) {
    throw new Error(
      '[peftjs/orthogonal] HRA starts in pairs with an even r and reflections that are not orthogonal alone',
    );
  }
  const targets = defaultTargets(options);
  return {
    type: 'HRA',
    targets,
    on: {
      linear: rotationPart({
        check: ({ inDim }) => (orthogonal && r > inDim ? `r ${r} is over the ${inDim} inputs` : null),
        params: ({ inDim }) => ({
          u: {
            file: 'hra_u',
            shape: [inDim, r],
            init(shape, next) {
              const columns = pairs ? r / 2 : r;
              const bound = 1 / Math.sqrt(columns);
              const values = uniform(next, inDim * columns, -bound, bound);
              const at = (k: number) =>
                values[Math.floor(k / r) * columns + Math.floor((k % r) / (r / columns))] as number;
              return tensor(
                Float32Array.from({ length: inDim * r }, (_, k) => at(k)),
                [...shape],
              );
            },
          },
        }),
        turn: (rows, { params }, back) => turn(rows, params.u as Tensor, orthogonal, back),
      }),
    },
    config: (place) => ({
      ...targetKeys(place, targets),
      r,
      apply_GS: orthogonal,
      init_weights: pairs,
      bias: 'none',
    }),
  };
}
