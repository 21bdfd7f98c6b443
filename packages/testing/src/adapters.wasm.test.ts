import { wasm } from '@peftjs/backend-wasm';
import { describeAdapters } from '../test/adapters-suite.ts';

describeAdapters(wasm({ threads: 2 }));
