import { cpu } from '@peftjs/backend-cpu';
import { describeGolden } from '../test/golden-suite.ts';

describeGolden(cpu());
