import { cpu } from '@peftjs/backend-cpu';
import { describeLayers } from '../test/layers-suite.ts';

describeLayers(cpu());
