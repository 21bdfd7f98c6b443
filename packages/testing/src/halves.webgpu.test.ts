import { webgpu } from '@peftjs/backend-webgpu';
import { describeHalves } from '../test/halves-suite.ts';

// In software a shader takes half a second to compile: the smallest choice that reads, gathers and multiplies.
describeHalves(webgpu(), { bases: ['tied'], methods: ['LoRA'] });
