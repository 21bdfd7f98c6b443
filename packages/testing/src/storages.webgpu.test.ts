import { webgpu } from '@peftjs/backend-webgpu';
import { describeHalves } from '../test/halves-suite.ts';
import { describeStorages } from '../test/storages-suite.ts';

// On one device: in software a shader takes half a second to compile, and these share theirs.
describeStorages(webgpu(), false);
// The smallest choice that reads, gathers and multiplies.
describeHalves(webgpu(), { bases: ['tied'], methods: ['LoRA'] });
