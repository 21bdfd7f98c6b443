// The methods of this package, for the suites that run over those of all packages.
import type { Host } from '@peftjs/core';
import type { TestedMethods } from '../../testing/test/every-method.ts';
import {
  bottleneck,
  fusion,
  gelu,
  houlsby,
  ia3,
  loreft,
  parallel,
  pfeiffer,
  readBottleneck,
  readFusion,
  readIa3,
  readLoreft,
} from '../src/index.ts';
import { type TrainedOptions, trained } from './trained.ts';

/** What a bottleneck adapter of this model's feed-forward branches was trained on. */
function feedForwardsOf(host: Host): TrainedOptions {
  const sites = host.sites().flatMap((site) => (site.kind === 'residual' && site.role === 'mlp' ? [site] : []));
  return { branches: sites.map(({ path }) => path), d: sites[0]?.dim as number };
}

export const testedMethods: TestedMethods = {
  families: [readIa3(), readBottleneck(), readLoreft(), readFusion()],
  variants: {
    ia3: () => [ia3()],
    houlsby: () => [bottleneck({ style: houlsby, r: 3, activation: gelu })],
    pfeiffer: () => [bottleneck({ style: pfeiffer, r: 2 })],
    parallel: () => [bottleneck({ style: parallel, r: 4 })],
    loreft: () => [loreft({ r: 2, first: 2, last: 1 })],
    fusion: (host) => [fusion([1, 2].map((seed) => trained(seed, feedForwardsOf(host))))],
  },
};
