import { cpu } from '@peftjs/backend-cpu';
import { describeModels } from '../test/models-suite.ts';

describeModels(cpu());
