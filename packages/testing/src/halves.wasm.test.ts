import { wasm } from '@peftjs/backend-wasm';
import { describeHalves } from '../test/halves-suite.ts';

describeHalves(wasm({ threads: 2 }));
