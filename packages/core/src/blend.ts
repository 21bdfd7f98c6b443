// An adapter at another strength than 1: the site's output on the way from what lies below to what the adapter makes of it.
import { add, mul, sub, type Tensor } from '@tensorflow/tfjs-core';
import type { In, Out, Site, SiteKind } from './site.ts';

type Base = (x: In<SiteKind>) => Out<SiteKind>;

/** y + strength (y' - y), where y is what the base gives for `x`, and y' what `forward` makes of it. */
export function blend(
  { kind, path }: Site,
  base: Base,
  x: In<SiteKind>,
  forward: (base: Base, x: In<SiteKind>) => Out<SiteKind>,
  strength: number,
): Out<SiteKind> {
  if (kind === 'sequence') {
    throw new Error(
      `[peftjs/core] what an adapter does to the sequence that enters "${path}" has no strength but 1 or 0`,
    );
  }
  const y = base(x) as Tensor;
  const adapted = forward((input) => (input === x ? y : base(input)), x) as Tensor;
  return add(y, mul(sub(adapted, y), strength));
}
