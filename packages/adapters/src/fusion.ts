// AdapterFusion (Pfeiffer et al., arXiv 2005.00247): trained bottleneck adapters on one branch, frozen, and attention over
// them. With h what the branch gives and z_n what it would give with adapter n: Σ softmax_n(Q h · K z_n) V z_n, and of
// these only Q, K and V [d, d] are trained.
import type { AdapterSnapshot, Method, Targets } from '@peftjs/core';
import { makeFusion } from './make-fusion.ts';
import { trainedBottlenecks } from './trained-bottlenecks.ts';

export interface FusionOptions {
  /** Which of the adapters' branches; all when left out. */
  readonly targets?: Targets['modules'];
  /** What V's squared distance from the identity adds to the loss, times this; 0.01 when left out, 0 for nothing. */
  readonly regularization?: number;
}

const REGULARIZATION = 0.01;

/**
 * A fusion of trained bottleneck adapters. It brings them along, frozen: detach them where they are attached themselves.
 * What else their folders hold (a head that was trained whole) is left out.
 *
 * @param adapters two or more, on the same branches
 * @throws when the adapters do not fit together, or a number is out of its range
 * @example
 * const both = fusion([await loadAdapter('out/formal'), await loadAdapter('out/medical')]);
 * attach(model, both, { name: 'both' });
 */
export function fusion(adapters: readonly AdapterSnapshot[], options: FusionOptions = {}): Method {
  const { regularization = REGULARIZATION } = options;
  if (!(regularization >= 0 && Number.isFinite(regularization))) {
    throw new Error(`[peftjs/adapters] regularization is ${regularization}; give a number of 0 or more`);
  }
  const trained = trainedBottlenecks(adapters);
  return makeFusion(trained, options.targets ?? [...trained.branches.keys()], regularization);
}
