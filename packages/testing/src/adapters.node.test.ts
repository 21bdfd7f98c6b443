import { node } from '@peftjs/backend-node';
import { describeAdapters } from '../test/adapters-suite.ts';

describeAdapters(node({ device: 'cpu' }));
