import { node } from '@peftjs/backend-node';
import { describePrompts } from '../test/prompts-suite.ts';

describePrompts(node({ device: 'cpu' }));
