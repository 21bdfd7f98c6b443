import { wasm } from '@peftjs/backend-wasm';
import { describeQat } from '../test/qat-suite.ts';

describeQat(wasm({ threads: 2 }));
