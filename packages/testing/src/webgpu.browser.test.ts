import { cpu } from '@peftjs/backend-cpu';
import { webgpu } from '@peftjs/backend-webgpu';
import { describeGolden } from '../test/golden-suite.ts';
import { served } from '../test/repository.ts';
import { describeStorages } from '../test/storages-suite.ts';
import { describeBackend } from './suites.ts';

// In one page, so that a shader that several suites use is compiled once: that takes most of the time in software. Of tfjs's
// own operations those whose shaders are ours; all of them, and more golden cases, run in Node.
describeBackend(webgpu, { reference: cpu(), operations: ['element by element', 'shaping'] });
describeStorages(webgpu(), false, served);
describeGolden(webgpu(), ['lora', 'gpt2-lora-all-linear', 'prefix'], served);
