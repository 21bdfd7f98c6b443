import { cpu } from '@peftjs/backend-cpu';
import { webgpu } from '@peftjs/backend-webgpu';
import { describeBackend } from './suites.ts';

describeBackend(webgpu, { reference: cpu() });
