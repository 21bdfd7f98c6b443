import { cpu } from '@peftjs/backend-cpu';
import { node } from '@peftjs/backend-node';
import { describeBackend } from './suites.ts';

describeBackend(() => node({ device: 'cpu' }), { reference: cpu() });
