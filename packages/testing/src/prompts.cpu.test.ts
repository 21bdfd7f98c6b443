import { cpu } from '@peftjs/backend-cpu';
import { describePrompts } from '../test/prompts-suite.ts';

describePrompts(cpu());
