import { wasm } from '@peftjs/backend-wasm';
import { VARIANTS } from '../test/every-method.ts';
import { describeHalves } from '../test/halves-suite.ts';

describeHalves(wasm({ threads: 2 }), { variants: VARIANTS });
