import { node } from '@peftjs/backend-node';
import { describeRouting } from '../test/routing-suite.ts';

describeRouting(node({ device: 'cpu' }));
