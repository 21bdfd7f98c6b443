// OFT, BOFT and HRA, to PEFT and back.
import { modulesToSave } from '@peftjs/core';
import { describeInterop } from '../../testing/test/interop-suite.ts';
import { boft, hra, oft, readBoft, readHra, readOft } from './index.ts';

const targets = ['q_proj', 'v_proj', 'down_proj'];
/** PEFT says so of every BOFT without CUDA. */
const NO_CUDA = 'Failed to load the CUDA extension|Setting boft_n_butterfly_factor to 1';

describeInterop({
  families: [readOft(), readBoft(), readHra()],
  ours: {
    OFT: { methods: () => oft({ blockSize: 8, targets }), merged: true },
    'OFT of shared blocks, exact, the head whole': {
      methods: () => [
        oft({ blocks: 4, shared: true, terms: 'exact', targets, exclude: ['layers.0.mlp.down_proj'] }),
        modulesToSave(['lm_head']),
      ],
      merged: true,
    },
    BOFT: { methods: () => boft({ blockSize: 4, targets }), merged: true, allow: NO_CUDA },
    'BOFT of a number of blocks': {
      methods: () => boft({ blocks: 6, targets: ['q_proj', 'o_proj'] }),
      merged: true,
      allow: NO_CUDA,
    },
    HRA: { methods: () => hra({ r: 4, targets }), merged: true },
    'HRA of orthogonal reflections': { methods: () => hra({ r: 3, orthogonal: true, targets }), merged: true },
  },
  theirs: {
    OFT: ['--config', '{"peft_type": "OFT", "r": 0, "oft_block_size": 4, "target_modules": ["q_proj", "down_proj"]}'],
    'OFT, exact, the head whole': [
      '--config',
      '{"peft_type": "OFT", "r": 2, "oft_block_size": 0, "use_cayley_neumann": false, "target_modules": ["v_proj"], "modules_to_save": ["lm_head"]}',
    ],
    BOFT: ['--config', '{"peft_type": "BOFT", "boft_block_size": 4, "target_modules": ["q_proj", "up_proj"]}'],
    HRA: ['--config', '{"peft_type": "HRA", "r": 4, "target_modules": ["q_proj", "down_proj"]}'],
    'HRA, orthogonal': [
      '--config',
      '{"peft_type": "HRA", "r": 3, "apply_GS": true, "init_weights": false, "target_modules": ["v_proj"]}',
    ],
  },
});
