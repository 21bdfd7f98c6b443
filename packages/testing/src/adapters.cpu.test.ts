import { cpu } from '@peftjs/backend-cpu';
import { describeAdapters } from '../test/adapters-suite.ts';

describeAdapters(cpu());
