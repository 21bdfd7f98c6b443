import { wasm } from '@peftjs/backend-wasm';
import { describeOrthogonal } from '../test/orthogonal-suite.ts';

describeOrthogonal(wasm({ threads: 2 }));
