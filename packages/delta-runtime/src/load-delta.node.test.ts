import { node } from '@peftjs/backend-node';
import { describeDeltas } from '../test/delta-suite.ts';

describeDeltas(node({ device: 'cpu' }));
