import { wasm } from '@peftjs/backend-wasm';
import { describeStorages } from '../test/storages-suite.ts';

describeStorages(wasm({ threads: 2 }));
