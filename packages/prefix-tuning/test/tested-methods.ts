// The methods of this package, for the suites that run over those of all packages.
import type { TestedMethods } from '../../testing/test/every-method.ts';
import {
  lstm,
  multitaskPromptTuning,
  prefixTuning,
  promptTuning,
  pTuning,
  readMultitaskPromptTuning,
  readPrefixTuning,
  readPromptTuning,
  readPTuning,
} from '../src/index.ts';

export const testedMethods: TestedMethods = {
  families: [readPrefixTuning(), readPromptTuning(), readPTuning(), readMultitaskPromptTuning()],
  variants: {
    prefix: () => [prefixTuning({ tokens: 3 })],
    'prefix with a projection': () => [prefixTuning({ tokens: 2, projection: { hidden: 3 } })],
    prompt: () => [promptTuning({ tokens: 2 })],
    'p-tuning': () => [pTuning({ tokens: 1, encoder: lstm({ hidden: 2 }) })],
    'multitask prompt': () => [multitaskPromptTuning({ tokens: 2, tasks: 3 })],
  },
};
