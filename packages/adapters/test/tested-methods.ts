// The methods of this package, for the suites that run over those of all packages.
import type { TestedMethods } from '../../testing/test/every-method.ts';
import {
  bottleneck,
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

export const testedMethods: TestedMethods = {
  families: [readIa3(), readBottleneck(), readLoreft(), readFusion()],
  variants: {
    ia3: () => [ia3()],
    houlsby: () => [bottleneck({ style: houlsby, r: 3, activation: gelu })],
    pfeiffer: () => [bottleneck({ style: pfeiffer, r: 2 })],
    parallel: () => [bottleneck({ style: parallel, r: 4 })],
    loreft: () => [loreft({ r: 2, first: 2, last: 1 })],
  },
};
