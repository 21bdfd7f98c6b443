// How text is generated: the options, and the words that the library knows them by.
import type { GenerateOptions } from '@peftjs/models';
import { given } from '../given.ts';
import { integer, number, type Option, orElse } from '../option.ts';

export interface SamplingValues {
  readonly 'max-new-tokens': number;
  readonly temperature: number;
  readonly 'top-k': number | undefined;
  readonly 'top-p': number | undefined;
}

export const samplingOptions: { readonly [K in keyof SamplingValues]: Option<SamplingValues[K]> } = {
  'max-new-tokens': orElse(integer('N', 'the most tokens to generate', { min: 1 }), 64),
  temperature: orElse(number('T', '0 always takes the likeliest token', { min: 0 }), 0),
  'top-k': integer('K', 'draw among the K likeliest', { min: 1 }),
  'top-p': number('P', 'draw among the fewest that together have this probability', { above: 0, max: 1 }),
};

export function generateOptions(
  values: SamplingValues & { readonly task: number | undefined },
  seed: number,
  signal: AbortSignal,
): GenerateOptions {
  const { temperature } = values;
  return {
    maxNewTokens: values['max-new-tokens'],
    temperature,
    seed,
    signal,
    ...given({ topK: values['top-k'], topP: values['top-p'], task: values.task }),
  };
}
