// The option that prefixes and prompts have in common.
import { integer, type Option, orElse } from '../option.ts';

export const virtualTokens: Option<number> = orElse(
  integer('T', 'virtual tokens of a prefix or prompt', { min: 1 }),
  16,
);

/** Positions of the context that they take. */
export function reserved(values: { readonly 'virtual-tokens': number }): number {
  return values['virtual-tokens'];
}
