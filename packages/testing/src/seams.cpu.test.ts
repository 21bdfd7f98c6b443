import { cpu } from '@peftjs/backend-cpu';
import { describeSeams } from '../test/seams-suite.ts';

describeSeams(cpu());
