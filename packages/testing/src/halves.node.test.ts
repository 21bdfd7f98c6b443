import { node } from '@peftjs/backend-node';
import { describeHalves } from '../test/halves-suite.ts';

describeHalves(node({ device: 'cpu' }));
