import { wasm } from '@peftjs/backend-wasm';
import { describePrompts } from '../test/prompts-suite.ts';

describePrompts(wasm({ threads: 2 }));
