import { cpu } from '@peftjs/backend-cpu';
import { describeOrthogonal } from '../test/orthogonal-suite.ts';

describeOrthogonal(cpu());
