import { cpu } from '@peftjs/backend-cpu';
import { wasm } from '@peftjs/backend-wasm';
import { describeBackend } from './suites.ts';

describeBackend(() => wasm({ threads: 1 }), { reference: cpu() });
