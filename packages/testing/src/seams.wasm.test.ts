import { wasm } from '@peftjs/backend-wasm';
import { describeSeams } from '../test/seams-suite.ts';

describeSeams(wasm({ threads: 2 }));
