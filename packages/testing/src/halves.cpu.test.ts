import { cpu } from '@peftjs/backend-cpu';
import { describeHalves } from '../test/halves-suite.ts';

describeHalves(cpu());
