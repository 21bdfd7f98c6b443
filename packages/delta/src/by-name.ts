import type { Codec } from './codec.ts';
import { exact } from './codecs/exact.ts';
import type { CodecChoice } from './diff.ts';

/**
 * Chooses codecs by tensors' names: that of the first pattern that is found in the name, or `otherwise`.
 *
 * @example
 * const codec = byName([[/embed|norm/, exact()], [/mlp/, int4()]], sign());
 * await diff('models/base', 'out/tuned', 'out/delta', { codec });
 */
export function byName(rules: readonly (readonly [RegExp, Codec])[], otherwise: Codec = exact()): CodecChoice {
  return ({ name }) => rules.find(([pattern]) => name.search(pattern) >= 0)?.[1] ?? otherwise;
}
