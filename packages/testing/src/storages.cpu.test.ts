import { cpu } from '@peftjs/backend-cpu';
import { describeStorages } from '../test/storages-suite.ts';

describeStorages(cpu());
