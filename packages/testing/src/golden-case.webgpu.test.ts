import { webgpu } from '@peftjs/backend-webgpu';
import { describeGolden } from '../test/golden-suite.ts';

// A case of each family and architecture: in software, where shaders are compiled for the CPU, all of them take minutes.
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
