import { cpu } from '@peftjs/backend-cpu';
import { describeBackend } from './suites.ts';

describeBackend(cpu);
