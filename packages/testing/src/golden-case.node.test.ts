import { node } from '@peftjs/backend-node';
import { describeGolden } from '../test/golden-suite.ts';

describeGolden(node({ device: 'cpu' }));
