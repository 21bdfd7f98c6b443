// The type of a model's numbers in files.
import type { CausalLM } from '@peftjs/models';
import { choice, type Option } from '../option.ts';
import type { SavedDtype } from '../training/goal.ts';

export const modelDtype = (about: string): Option<SavedDtype | undefined> =>
  choice(['F32', 'F16', 'BF16'], `${about}; the model's own type when left out`);

/** As the configuration says; F32 where it does not. */
export function dtypeOf({ config }: CausalLM): SavedDtype {
  const names = new Map<unknown, SavedDtype>([
    ['float16', 'F16'],
    ['bfloat16', 'BF16'],
  ]);
  return names.get(config.dtype ?? config.torch_dtype) ?? 'F32';
}
