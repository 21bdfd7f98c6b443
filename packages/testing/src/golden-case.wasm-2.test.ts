import { wasm } from '@peftjs/backend-wasm';
import { describeGolden } from '../test/golden-suite.ts';

describeGolden(wasm({ threads: 2 }));
