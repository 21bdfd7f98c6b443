import { wasm } from '@peftjs/backend-wasm';
import { describeModels } from '../test/models-suite.ts';

describeModels(wasm({ threads: 2 }));
