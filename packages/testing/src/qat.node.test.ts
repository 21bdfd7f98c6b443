import { node } from '@peftjs/backend-node';
import { describeQat } from '../test/qat-suite.ts';

describeQat(node({ device: 'cpu' }));
