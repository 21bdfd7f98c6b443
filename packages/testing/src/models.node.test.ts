import { node } from '@peftjs/backend-node';
import { describeModels } from '../test/models-suite.ts';

describeModels(node({ device: 'cpu' }));
