import { cpu } from '@peftjs/backend-cpu';
import { node } from '@peftjs/backend-node';
import { describeBackend } from './suites.ts';

describeBackend(() => node({ device: 'cpu' }), {
  reference: cpu(),
  lacks: {
    'conv2d, padding of 1': "supports only 'valid' and 'same' padding",
    'depthwiseConv2d, padding of 1': "supports only 'valid' and 'same' padding",
    'avgPool, padding of 1': "supports only 'valid' and 'same' padding",
  },
});
