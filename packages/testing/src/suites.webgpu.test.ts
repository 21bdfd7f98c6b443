import { cpu } from '@peftjs/backend-cpu';
import { webgpu } from '@peftjs/backend-webgpu';
import { describeGolden } from '../test/golden-suite.ts';
import { describeHalves } from '../test/halves-suite.ts';
import { describeStorages } from '../test/storages-suite.ts';
import { describeBackend } from './suites.ts';

// On one device: in software a shader takes half a second to compile, and these share theirs.
describeBackend(webgpu, { reference: cpu() });
describeStorages(webgpu(), false);
// The smallest choice that reads, gathers and multiplies.
describeHalves(webgpu(), { bases: ['tied'], methods: ['LoRA'] });
// A case of each family and architecture: where shaders are compiled for the CPU, all of them take minutes.
describeGolden(webgpu(), [
  'lora',
  'dora-rslora-bias-base',
  'pissa',
  'ia3',
  'bottleneck-houlsby',
  'prefix',
  'prompt',
  'oft',
  'hra',
  'vera',
  'loha',
  'adalora',
  'gpt2-lora-all-linear',
  'bert-lora-seq-cls',
  'vit-lora-conv',
  'modules-to-save-embedding-tied',
  'lora-trainable-tokens',
]);
