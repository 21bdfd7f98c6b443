// The methods of this package, for the suites that run over those of all packages.
import type { TestedMethods } from '../../testing/test/every-method.ts';
import { boft, hra, oft, readBoft, readHra, readOft } from '../src/index.ts';

export const testedMethods: TestedMethods = {
  families: [readOft(), readBoft(), readHra()],
  variants: {
    oft: () => [oft({ targets: ['attn.q', 'mlp.down'], blockSize: 4 })],
    boft: () => [boft({ targets: ['attn.v', 'mlp.up'], blockSize: 4 })],
    hra: () => [hra({ targets: ['attn.o', 'mlp.up'], r: 2 })],
  },
};
