import { node } from '@peftjs/backend-node';
import { describeSeams } from '../test/seams-suite.ts';

describeSeams(node({ device: 'cpu' }));
