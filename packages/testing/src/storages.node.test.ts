import { node } from '@peftjs/backend-node';
import { describeStorages } from '../test/storages-suite.ts';

describeStorages(node({ device: 'cpu' }));
