import { node } from '@peftjs/backend-node';
import { describeLayers } from '../test/layers-suite.ts';

describeLayers(node({ device: 'cpu' }));
