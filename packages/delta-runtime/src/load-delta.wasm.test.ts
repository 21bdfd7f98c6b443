import { wasm } from '@peftjs/backend-wasm';
import { describeDeltas } from '../test/delta-suite.ts';

describeDeltas(wasm());
