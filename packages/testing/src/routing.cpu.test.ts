import { cpu } from '@peftjs/backend-cpu';
import { describeRouting } from '../test/routing-suite.ts';

describeRouting(cpu());
