// The methods of the page as values, and what reads the adapters that may be loaded.
import { bottleneck, ia3, readBottleneck, readIa3 } from '@peftjs/adapters';
import type { Family, Method } from '@peftjs/core';
import { dora, lora, readLora } from '@peftjs/lora';
import { prefixTuning, promptTuning, readPrefixTuning, readPromptTuning } from '@peftjs/prefix-tuning';
import type { MethodName } from '../methods.ts';

const MAKE: Readonly<Record<MethodName, (size: number) => Method>> = {
  lora: (r) => lora({ r }),
  dora: (r) => dora({ r }),
  bottleneck: (r) => bottleneck({ r }),
  ia3: () => ia3(),
  prefix: (tokens) => prefixTuning({ tokens }),
  prompt: (tokens) => promptTuning({ tokens }),
};

export function makeMethod(name: MethodName, size: number): Method {
  return MAKE[name](size);
}

export const FAMILIES: readonly Family[] = [
  readLora(),
  readBottleneck(),
  readIa3(),
  readPrefixTuning(),
  readPromptTuning(),
];
