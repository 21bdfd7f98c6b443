import { cpu } from '@peftjs/backend-cpu';
import { describeQat } from '../test/qat-suite.ts';

describeQat(cpu());
