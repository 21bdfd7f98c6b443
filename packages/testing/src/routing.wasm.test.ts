import { wasm } from '@peftjs/backend-wasm';
import { describeRouting } from '../test/routing-suite.ts';

describeRouting(wasm({ threads: 2 }));
