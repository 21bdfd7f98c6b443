import { node } from '@peftjs/backend-node';
import { describeOrthogonal } from '../test/orthogonal-suite.ts';

describeOrthogonal(node({ device: 'cpu' }));
