import { wasm } from '@peftjs/backend-wasm';
import { describeLayers } from '../test/layers-suite.ts';

describeLayers(wasm({ threads: 2 }));
